import { readFileSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Above this share of the cores in other hands, a time says more of the neighbours than of what was timed. */
export const quiet = 0.1

/** Milliseconds of processor time that the machine has spent on anything. */
const busyTime = (): number =>
  os.cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)

/** Milliseconds of it that went to this process and to children that have ended; undefined but on Linux. */
function ownTime(): number | undefined {
  try {
    // proc(5): utime, stime, cutime and cstime are fields 14 to 17, in hundredths of a second; the name may hold blanks.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields.slice(11, 15).reduce((sum, ticks) => sum + 10 * Number(ticks), 0)
  } catch {
    return undefined
  }
}

/** Begins to watch; the result says which share of the machine's cores others have used since, if that can be known. */
export function watchNeighbours(): () => number | undefined {
  const [start, busy, own] = [performance.now(), busyTime(), ownTime()]
  return () => {
    const mine = ownTime()
    if (own === undefined || mine === undefined) return undefined
    const others = busyTime() - busy - (mine - own)
    return Math.min(1, Math.max(0, others / (performance.now() - start) / os.cpus().length))
  }
}

/** Waits until the machine is quiet for two seconds, or that many seconds have passed. */
export async function waitForQuiet(seconds: number): Promise<void> {
  const start = performance.now()
  while (performance.now() - start < 1000 * seconds) {
    const others = watchNeighbours()
    await sleep(2000)
    if ((others() ?? 0) <= quiet) return
  }
}
