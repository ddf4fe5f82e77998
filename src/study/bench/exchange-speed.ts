import { performance } from 'node:perf_hooks'
import { teamHalfSum } from '../../backends/simd/half-sum.js'
import { Team } from '../../backends/simd/team.js'
import { type Shape, sizeOf } from '../../base/shape.js'
import type { Communicator, Exchange, ReducePrecision } from '../../communication/communicator.js'
import { prepareHalfSum } from '../../communication/half-sum.js'
import { buckets } from '../../graph/reduceTogether.js'
import { processorTime } from './decoder-speed.js'

export interface ExchangeSpeedOptions {
  /** Of the gradients, in the order in which the backward part makes them. */
  readonly shapes: readonly Shape[]
  readonly precision: ReducePrecision
  readonly bucketBytes: number
  readonly warmup: number
  readonly runs: number
}

export interface ExchangeSpeed {
  readonly buckets: number
  /** Of f32 on one replica. */
  readonly bytes: number
  /** Milliseconds from the first begin to the last end, on replica 0, of each run. */
  readonly milliseconds: readonly number[]
  /** Milliseconds of replica 0's processor, of as many runs more: a step can hide the rest of the time, but not these. */
  readonly busy: readonly number[]
}

/**
 * How long the gradients of a step take to be summed over all replicas when nobody computes meanwhile: in a step, all but
 * the end of that is hidden. All replicas call it together.
 */
export function measureExchange(
  communicator: Communicator,
  { shapes, precision, bucketBytes, warmup, runs }: ExchangeSpeedOptions,
): ExchangeSpeed {
  const team = new Team({ threads: 1 })
  const multiple = 16 * communicator.size
  const sizes = buckets(
    shapes.map(shape => ({ shape })),
    bucketBytes,
  ).map(bucket => Math.ceil(bucket.reduce((sum, { shape }) => sum + sizeOf(shape), 0) / multiple) * multiple)
  const exchanges = sizes.map((n): Exchange => {
    const numbers = team.allocate(4 * n)
    if (precision === 'f32') return communicator.prepareSum(team.f32(numbers, n))
    const place = { numbers, staging: team.allocate(4 * n), n }
    return prepareHalfSum(communicator, teamHalfSum(communicator, team, place))
  })
  const rounds = <T>(round: () => T): T[] =>
    Array.from({ length: warmup + runs }, () => {
      communicator.barrier()
      return round()
    }).slice(warmup)
  const milliseconds = rounds(() => {
    const begin = performance.now()
    for (const exchange of exchanges) exchange.begin()
    for (const exchange of exchanges) exchange.finish()
    return performance.now() - begin
  })
  const busy = rounds(() => {
    const before = processorTime()
    for (const exchange of exchanges) exchange.begin()
    // Waiting for it would keep the processor busy too.
    while (exchanges.some(({ began, ended }) => ended < began)) {
      communicator.advance()
      Atomics.wait(nobody, 0, 0, 0.1)
    }
    for (const exchange of exchanges) exchange.finish()
    return processorTime() - before
  })
  return { buckets: sizes.length, bytes: 4 * sizes.reduce((sum, n) => sum + n, 0), milliseconds, busy }
}

/** What is slept on: nobody wakes it. */
const nobody = new Int32Array(new SharedArrayBuffer(4))
