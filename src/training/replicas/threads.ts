import { allowedProcessors, defaultThreads, usableCores } from '../../base/threads.js'
import type { Replicas } from './replicas.js'

/** What a replica may compute on. */
export interface Place {
  readonly host: string
  /** Numbers of its host's processors that it may use; undefined where the system does not tell. */
  readonly processors: readonly number[] | undefined
  /** How many of them it may keep busy. */
  readonly cores: number
}

/**
 * The cores that a replica has if those of its host share them: each processor counts as its part for one of those that
 * may use it. Where the launcher gave each processors of its own, these are all its own.
 */
export function coresOf(place: Place, all: readonly Place[]): number {
  const neighbours = all.filter(({ host }) => host === place.host)
  if (place.processors === undefined) return place.cores / neighbours.length
  const users = new Map<number, number>()
  for (const { processors = [] } of neighbours)
    for (const each of processors) users.set(each, (users.get(each) ?? 0) + 1)
  const share = place.processors.reduce((sum, each) => sum + 1 / users.get(each)!, 0)
  // A control group's quota is less than all processors, and of all replicas in it.
  return share * Math.min(1, place.cores / place.processors.length)
}

/**
 * How many threads this replica computes with: those asked for, else OMP_NUM_THREADS, else its part of its host's cores.
 * `warn` hears of hosts with fewer cores than replicas, whatever is asked for. To be called by all replicas.
 */
export function replicaThreads(replicas: Replicas, asked: number | undefined, warn: (message: string) => void): number {
  if (replicas.size === 1) return asked ?? defaultThreads()
  const own: Place = { host: replicas.host(replicas.rank), processors: allowedProcessors(), cores: usableCores() }
  const all = replicas.gather(own)
  const crowded = all.filter(place => coresOf(place, all) < 1)
  for (const host of new Set(crowded.map(({ host }) => host)))
    warn(
      `${host} runs ${crowded.filter(place => place.host === host).length} replicas that have less than a core each: they wait for each other; start fewer there`,
    )
  return asked ?? defaultThreads(process.env, undefined, Math.max(1, Math.floor(coresOf(own, all) + 1e-9)))
}
