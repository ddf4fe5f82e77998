import { setTimeout as sleep } from 'node:timers/promises'
import type { Replicas } from './replicas.js'

/** Milliseconds between signs of life. */
const pause = 500

/**
 * Has the first replica do what may take longer than the others wait for an answer, and gives it what came of it. All
 * are to call this; `signal` of any of them ends the work, and with it this. Errors: those of the work, on all.
 */
export async function whileFirst<T>(
  replicas: Replicas,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  // So that any of them can be asked to stop as soon as the work tells of itself.
  replicas.gather(true)
  const stop = new AbortController()
  const isAsked = () => signal?.aborted === true
  let isOver = !replicas.isFirst
  const own = replicas.isFirst ? work(signal ? AbortSignal.any([signal, stop.signal]) : stop.signal) : undefined
  const over = own?.finally(() => {
    isOver = true
  })
  // Its error is thrown where it is awaited.
  over?.catch(() => {})
  try {
    for (;;) {
      if (over) await Promise.race([over, sleep(pause, undefined, { ref: false })])
      const all = replicas.gather({ isOver, asked: isAsked() })
      if (all.every(each => each.isOver)) return await own
      if (all.some(each => each.asked)) stop.abort()
      // Signals are heard between turns of the event loop.
      await new Promise(setImmediate)
    }
  } finally {
    stop.abort()
  }
}
