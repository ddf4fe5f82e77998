import { performance } from 'node:perf_hooks'
import type { Replicas } from '../training/replicas/replicas.js'

/** Seconds between two rounds, if no batch takes longer. */
const interval = 1

/**
 * How replicas that each evaluate a part of the images hear of each other meanwhile. About once a second, between two
 * batches, all meet; where one of them was asked to stop, or has failed, it ends for all of them there.
 */
export class Rounds {
  readonly #replicas: Replicas
  readonly #signal: AbortSignal | undefined
  #met = performance.now()

  constructor(replicas: Replicas, signal: AbortSignal | undefined) {
    this.#replicas = replicas
    this.#signal = signal
  }

  /** To be called after each batch. When the signal of any replica was aborted, this throws on all: its reason, or an error of the same name. */
  pass(): void {
    if (this.#replicas.size === 1) this.#signal?.throwIfAborted()
    else if (performance.now() - this.#met > 1000 * interval) this.#meet(false)
  }

  /** Returns when all replicas have done their part. Throws as {@link pass}. */
  async end(): Promise<void> {
    while (!this.#meet(true)) await new Promise(setImmediate)
  }

  /** Whether all are through. */
  #meet(through: boolean): boolean {
    const all = this.#replicas.gather({ through, asked: this.#signal?.aborted === true })
    this.#met = performance.now()
    if (all.some(({ asked }) => asked)) throw this.#signal?.aborted ? this.#signal.reason : AbortSignal.abort().reason
    return all.every(each => each.through)
  }
}
