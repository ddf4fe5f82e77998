import { createHash } from 'node:crypto'
import type { Store } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import type { Replicas } from './replicas.js'

/** Bytes of a tensor's digest that are compared. */
const digestBytes = 16

/**
 * Compares the variables of all replicas after a step; every step leaves them equal, bit for bit.
 * Errors: UserError on all replicas, naming a tensor that differs and whose it is.
 */
export function expectAlike(replicas: Replicas, store: Store, step: number): void {
  if (replicas.size === 1) return
  const names = [...store.variables.keys()].sort()
  const own = Buffer.concat(names.map(name => digestOf(store.data(name))))
  const all = replicas.gatherBytes(own).map(digests => Buffer.from(digests))
  for (const [i, name] of names.entries()) {
    const digests = all.map(each => each.toString('hex', i * digestBytes, (i + 1) * digestBytes))
    const usual = mostFrequent(digests)
    const others = digests.flatMap((digest, rank) => (digest === usual ? [] : replicas.name(rank)))
    if (others.length > 0)
      throw new UserError(
        `step ${step}: the replicas have come apart: '${name}' is another on ${others.join(', ')} than on the others: look for a faulty machine there, then go on from the last checkpoint`,
      )
  }
}

const digestOf = (values: Float32Array): Uint8Array =>
  // A copy, because the store's memory is shared between threads and hashing wants its own.
  createHash('sha256').update(Float32Array.from(values)).digest().subarray(0, digestBytes)

/** Of equally frequent ones the first. */
function mostFrequent(digests: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1)
  return [...counts].reduce((best, other) => (other[1] > best[1] ? other : best))[0]
}
