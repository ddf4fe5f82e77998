import os from 'node:os'
import { allowedProcessors, usableCores } from './threads.js'

/** What a process may compute on. */
export interface Place {
  readonly host: string
  /** Numbers of its host's processors that it may use; absent where the system does not tell. */
  readonly processors?: readonly number[] | undefined
  /** How many of them it may keep busy. */
  readonly cores: number
}

/** That of this process. */
export const thisPlace = (): Place => ({
  host: os.hostname(),
  processors: allowedProcessors(),
  cores: usableCores(),
})

/**
 * The cores that each of these processes has if those of a host share them: each processor counts as its part for one of
 * those that may use it. Where each was given processors of its own, these are all its own.
 */
export function coresOf(places: readonly Place[]): number[] {
  const users = new Map<string, number>()
  const hostUsers = new Map<string, number>()
  const key = (host: string, processor: number) => `${processor} ${host}`
  for (const { host, processors = [] } of places) {
    hostUsers.set(host, (hostUsers.get(host) ?? 0) + 1)
    for (const each of processors) users.set(key(host, each), (users.get(key(host, each)) ?? 0) + 1)
  }
  return places.map(({ host, processors, cores }) => {
    if (processors === undefined) return cores / hostUsers.get(host)!
    const share = processors.reduce((sum, each) => sum + 1 / users.get(key(host, each))!, 0)
    // A control group's quota is less than all processors, and of all processes in it.
    return share * Math.min(1, cores / processors.length)
  })
}
