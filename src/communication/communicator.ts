import { UserError } from '../base/error.js'

/**
 * What one replica of a training has in common with the others: who they are, and the exchange of numbers with them.
 * All replicas call the same methods in the same order; only `advance`, `worked` and `summon` are each one's own affair.
 * A wait lasts as long as those that it is for get on: they begin exchanges, or say that they have `worked`. When one has
 * done neither for `timeoutSeconds` (others than replica 0 are told a minute later), the method that waits throws
 * {@link ReplicaLost}, after which only `abort` is of use.
 *
 * Disposed, it takes leave of the others and waits until they do the same. So a replica whose work has failed calls
 * `abort` instead, or the others would wait for it. Where one was lost, disposing does nothing.
 */
export interface Communicator extends Disposable {
  /** What carries the messages: 'Open MPI 4.1.4'. */
  readonly title: string
  /** This replica's number, from 0 to size − 1. */
  readonly rank: number
  readonly size: number
  /** The name of every replica's host, by rank. */
  readonly hosts: readonly string[]
  /** The cores that each replica may keep busy, by rank: those that several may use are divided among them. */
  readonly cores: readonly number[]
  readonly timeoutSeconds: number
  /** What exchanges have cost since the communicator was opened; a step's share is a difference. */
  readonly traffic: Traffic

  /**
   * Prepares Σ over replicas of `numbers`, in place. The same bits on all replicas, and in every run with as many.
   * Memory that an exchange was prepared over must stay where it is; it may not be touched from `begin` to `finish`.
   */
  prepareSum(numbers: Float32Array): Exchange
  /**
   * Prepares handing the r-th part of `from` to replica r; what replica r has for this one becomes the r-th part of `to`.
   * Both are of one length, a multiple of `size`. `then` runs once all has come, in `advance` or `finish`, in the order
   * in which such exchanges were begun.
   */
  prepareAllToAll(from: Uint8Array, to: Uint8Array, then?: () => void): Exchange
  /** Prepares putting the `from` of all replicas one after another into `to`. To be begun in a `then` only. */
  prepareAllGather(from: Uint8Array, to: Uint8Array): Exchange
  /** Moves on whatever is under way. Takes about a microsecond. */
  advance(): void
  /**
   * Says that a piece of work is done, a kernel, a batch or a file, so that others go on waiting for this replica; moves on
   * whatever is under way too. Takes about a microsecond; to be called again and again while there is no exchange to wait
   * in, after real work only: a clock would tell of a process that hangs that it is well.
   */
  worked(): void
  /** Asks the others to leave their work for the next exchange, which this replica is about to begin. */
  summon(): void
  /** Whether another one has. */
  readonly summoned: boolean

  /** What every replica gives, by rank; lengths may differ. */
  allGather(bytes: Uint8Array): Uint8Array[]
  /** Returns when all replicas have called it. */
  barrier(): void
  /** Ends the processes of all replicas at once, this one with this exit code. */
  abort(exitCode: number): never
}

/** A transfer that is prepared once and performed any number of times, while its replica computes. */
export interface Exchange {
  /** Sends what can be sent and returns. */
  begin(): void
  /** Returns when all has come. Throws {@link ReplicaLost}. */
  finish(): void
  /** When the last transfer was begun, wanted by `finish`, and seen to be over, on the clock of `performance.now()`. */
  readonly began: number
  readonly wanted: number
  readonly ended: number
  /** What a replica brings, as it is sent. */
  readonly bytes: number
}

export interface Traffic {
  /** Bytes that were handed over to be exchanged. */
  readonly bytes: number
  /** Seconds in `finish`, when there was nothing else to do. */
  readonly waited: number
  /** Seconds in `begin` and `advance`: what moving the bytes costs while they are on their way. */
  readonly advanced: number
}

/** What gradients are exchanged in. Sums are formed in f32 either way; bf16 halves the bytes and rounds twice. */
export const reducePrecisions = ['f32', 'bf16'] as const
export type ReducePrecision = (typeof reducePrecisions)[number]

/** A wait was over before all had come. Nothing that outlives a step has been written in this one. */
export class ReplicaLost extends UserError {
  /** Those that did not come, as far as this replica knows: only replica 0 hears of all. */
  readonly ranks: readonly number[]

  constructor(message: string, ranks: readonly number[]) {
    super(message)
    this.ranks = ranks
  }
}

/** Refuses to sum over other replicas than a graph was made for. */
export function expectReplicas({ replicas }: { readonly replicas: number }, { size }: Communicator): void {
  if (replicas !== size)
    throw new Error(`the graph sums over ${replicas} replicas and is compiled for ${size}: give its communicator`)
}
