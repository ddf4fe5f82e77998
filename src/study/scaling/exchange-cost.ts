import { performance } from 'node:perf_hooks'
import type { Communicator } from '../../communication/communicator.js'
import { defaultBucketBytes } from '../../graph/reduceTogether.js'

/** As much as a bucket of gradients holds. */
const elements = defaultBucketBytes / 4
const rounds = 5

/**
 * Seconds of the processor for each byte that an all-reduce moves over a link. With other replicas of this machine that
 * is measured: their messages take the way through memory. Alone it is what copying and adding up take, which an
 * all-reduce cannot do without.
 */
export function exchangeCost(communicator: Communicator | undefined): number {
  const numbers = new Float32Array(elements)
  if (communicator === undefined) {
    const others = new Float32Array(elements)
    const seconds = least(() => {
      others.set(numbers)
      for (let i = 0; i < elements; i++) numbers[i]! += others[i]!
    })
    return seconds / numbers.byteLength
  }
  const sum = communicator.prepareSum(numbers)
  const seconds = least(() => {
    communicator.barrier()
    sum.begin()
    sum.finish()
  })
  const { size } = communicator
  return seconds / (((2 * (size - 1)) / size) * numbers.byteLength)
}

function least(work: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    work()
    return (performance.now() - start) / 1000
  })
  return Math.min(...times)
}
