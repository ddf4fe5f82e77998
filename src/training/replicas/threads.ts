import { defaultThreads } from '../../base/threads.js'
import type { Replicas } from './replicas.js'

/**
 * How many threads this replica computes with: those asked for, else OMP_NUM_THREADS, else its part of its host's cores.
 * `warn` hears of hosts with fewer cores than replicas, whatever is asked for.
 */
export function replicaThreads(replicas: Replicas, asked: number | undefined, warn: (message: string) => void): number {
  const { communicator, rank } = replicas
  if (communicator === undefined) return asked ?? defaultThreads()
  const { cores, hosts } = communicator
  const crowded = hosts.filter((_, rank) => cores[rank]! < 1)
  for (const host of new Set(crowded))
    warn(
      `${host} runs ${crowded.filter(other => other === host).length} replicas that have less than a core each: they wait for each other; start fewer there`,
    )
  // What is a whole number may have come out a little less.
  return asked ?? defaultThreads(process.env, undefined, Math.max(1, Math.floor(cores[rank]! + 1e-9)))
}
