import type { Communicator, Exchange } from './communicator.js'

/** What a sum in bf16 asks of whoever holds the numbers. A slice is an equal part of them, one for each replica. */
export interface HalfSum {
  /** Bytes for all numbers in bf16: what is sent. */
  readonly sent: Uint8Array
  /** As many: what comes. */
  readonly received: Uint8Array
  /** Rounds the numbers into `sent`. */
  narrow(): void
  /** Adds the slices in `received` up, in f32 and in the order of ranks, and rounds the sums into the first slice of `sent`. */
  addUp(): void
  /** Makes numbers of what is in `received`. */
  widen(): void
}

/**
 * Prepares Σ over replicas of numbers that are sent in bf16, which no MPI can add up: every replica gets its slice of all
 * numbers, adds them up in f32, and all share the rounded sums. As many bytes as any all-reduce sends, and each sum is
 * formed once, in one order, so that it is the same on all replicas.
 */
export function prepareHalfSum(communicator: Communicator, half: HalfSum): Exchange {
  const { sent, received } = half
  const slice = sent.subarray(0, sent.byteLength / communicator.size)
  const share = communicator.prepareAllGather(slice, received)
  const deal = communicator.prepareAllToAll(sent, received, () => {
    half.addUp()
    share.begin()
  })
  return {
    begin() {
      half.narrow()
      deal.begin()
    },
    finish() {
      deal.finish()
      share.finish()
      half.widen()
    },
    get began() {
      return deal.began
    },
    get wanted() {
      return deal.wanted
    },
    get ended() {
      return share.ended
    },
    bytes: sent.byteLength,
  }
}
