import { performance } from 'node:perf_hooks'
import type { Program, TimedKernel } from '../../backends/backend.js'
import type { Replicas } from '../../training/replicas/replicas.js'

/** What one replica did in a run of its program. Times are in milliseconds since all replicas began. */
export interface Timeline {
  /** 'replica 3 (node-7)' */
  readonly replica: string
  readonly kernels: readonly TimedKernel[]
  readonly exchanges: readonly TimedExchange[]
  /** How long it was busy with exchanges: handing them on, and waiting for them. */
  readonly exchanging: number
}

/** A sum over all replicas: from when this one gave its part to when it had the whole. */
export interface TimedExchange {
  readonly begin: number
  readonly milliseconds: number
  readonly bytes: number
}

/** Runs a program once on all replicas at the same time, and gives what each did. */
export function timelinesOf(program: Program, replicas: Replicas): readonly Timeline[] {
  // All come out of it within microseconds on one host, and within a round trip of the network on several.
  replicas.gather(true)
  const start = performance.now()
  const before = replicas.summingSeconds
  const kernels = program.profile()
  return replicas.gather({
    replica: replicas.name(replicas.rank),
    kernels,
    exchanges: program
      .exchanges()
      .map(({ began, ended, bytes }) => ({ begin: began - start, milliseconds: ended - began, bytes })),
    exchanging: 1000 * (replicas.summingSeconds - before),
  })
}

/**
 * The share of the exchanges' time that was spent on computing; undefined where there are none. Time in which several
 * are under way counts once.
 */
export function hiddenShare({ exchanges, exchanging }: Timeline): number | undefined {
  let [underWay, end] = [0, Number.NEGATIVE_INFINITY]
  for (const { begin, milliseconds } of [...exchanges].sort((a, b) => a.begin - b.begin)) {
    underWay += Math.max(0, begin + milliseconds - Math.max(begin, end))
    end = Math.max(end, begin + milliseconds)
  }
  return underWay === 0 ? undefined : Math.max(0, 1 - exchanging / underWay)
}
