import { sizeOf } from '../base/shape.js'
import type { Value } from './op.js'
import { type AllReduce, allReduceBegin, allReduceEnd, bucketStarts } from './ops/allReduce.js'
import { partOp } from './ops/part.js'

export interface ReduceTogether extends AllReduce {
  /** What sums are multiplied by: 1 / replicas makes means of them. @default 1 */
  readonly factor?: number
  /** The most bytes of f32 that are sent together, unless a single value has more. @default {@link defaultBucketBytes} */
  readonly bucketBytes?: number
}

const mebibyte = 2 ** 20

/** Larger buckets take more of the processor's time, and smaller ones no less: see `inception bench communication`. */
export const defaultBucketBytes = 4 * mebibyte

/**
 * Sums over all replicas of values of f32, in the order of `values`. They are sent in buckets: those that the graph
 * makes first go first, and are under way while it makes the others. Nothing is left to do for the last bucket meanwhile,
 * so it is small, and the ones before grow by doubling. The graph must not read `values` otherwise, or they are copied.
 */
export function reduceTogether(
  values: readonly Value[],
  { replicas, precision, factor = 1, bucketBytes = defaultBucketBytes }: ReduceTogether,
): Value[] {
  const reduced = new Map<Value, Value>()
  for (const bucket of buckets(inOrderOfMaking(values), bucketBytes)) {
    const { sums, staging } = allReduceBegin.emit({ src: bucket }, { replicas, precision })
    const { dst } = allReduceEnd.emit({ sums, staging }, { factor })
    for (const [i, first] of bucketStarts(bucket).entries()) {
      const value = bucket[i]!
      reduced.set(value, partOp.emit({ src: dst }, { first, shape: value.shape }).dst)
    }
  }
  return values.map(value => reduced.get(value)!)
}

/** Divides values that are made in this order. The last bucket has a mebibyte at most, the one before two, and so on. */
export function buckets<T extends Pick<Value, 'shape'>>(values: readonly T[], bucketBytes: number): T[][] {
  const found: T[][] = []
  let room = 0
  let limit = Math.min(mebibyte, bucketBytes)
  for (const value of values.toReversed()) {
    const bytes = 4 * sizeOf(value.shape)
    if (found.length === 0 || bytes > room) {
      found.unshift([])
      room = limit
      limit = Math.min(2 * limit, bucketBytes)
    }
    found[0]!.unshift(value)
    room -= bytes
  }
  return found
}

function inOrderOfMaking(values: readonly Value[]): Value[] {
  const places = new Map(values[0]?.node.graph.nodes.map((node, i) => [node, i]))
  return [...new Set(values)].sort((a, b) => places.get(a.node)! - places.get(b.node)!)
}
