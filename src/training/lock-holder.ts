import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { systemCode } from '../formats/file-error.js'

/** A process. */
export interface Holder {
  readonly host: string
  /** Within which identifiers of processes mean the same: a digest of the running system and its namespace of processes. */
  readonly system: string
  readonly pid: number
  /** As identifiers are used again, this, when it was started, tells it from later ones. */
  readonly start: string
}

/** Where the system does not tell. */
const unknownSystem = '0'.repeat(8)

export const thisProcess = (): Holder => ({
  host: hostname().replace(/[^\w.-]/g, '_'),
  system: systemOf(),
  pid: process.pid,
  start: startOf(process.pid) ?? String(Math.round(performance.timeOrigin)),
})

/** Hosts can have the same name, and containers of one host may see different processes: see pid_namespaces(7). */
function systemOf(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return createHash('sha256')
      .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 8)
  } catch {
    return unknownSystem
  }
}

export const isOfSameSystem = (a: Holder, b: Holder): boolean =>
  a.system === b.system && (a.system !== unknownSystem || a.host === b.host)

const beginning = '.lock-'

export const isLock = (name: string): boolean => name.startsWith(beginning)

/** The name of its lock. */
export const nameOf = ({ host, system, pid, start }: Holder): string => `${beginning}${pid}-${start}-${system}-${host}`

/** Whose lock has this name; undefined where it is none of ours. */
export function parseName(name: string): Holder | undefined {
  const [, pid, start, system, host] = /^\.lock-(\d+)-(\d+)-([0-9a-f]{8})-(.*)$/.exec(name) ?? []
  if (pid === undefined || start === undefined || system === undefined || host === undefined) return undefined
  return { host, system, pid: Number(pid), start }
}

/** 'process 12 on node-3' */
export function describeHolder(name: string): string {
  const holder = parseName(name)
  if (holder === undefined) return name
  return `process ${holder.pid}${isOfSameSystem(holder, thisProcess()) ? '' : ` on ${holder.host}`}`
}

/** Whether a process of this system lives that is not this one. */
export function isAlive({ pid, start }: Holder): boolean {
  // The name is not our own, so it is of an earlier process that had our identifier.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (systemCode(error) !== 'EPERM') return false
  }
  const found = startOf(pid)
  return found === undefined || found === start
}

/**
 * When the process was started, in clock ticks since the machine was (proc(5): field 22 of stat); 'over' for one that
 * ended and whose parent has not noticed, and undefined when the system does not tell.
 */
function startOf(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // Field 2, the program's name in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'over' : fields[19]
}
