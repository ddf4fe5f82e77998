import { RandomStream } from '../base/random.js'

/**
 * The order of training: the permutations of the epochs one after another, endlessly. Batches are cut from it without
 * regard to where an epoch ends, so no image is lost, and any place in it can be computed without the ones before.
 */
export class TrainingOrder {
  readonly length: number
  readonly #seed: number
  /** A batch touches at most two neighbouring epochs unless it is larger than the set; two are kept. */
  readonly #permutations = new Map<number, Uint32Array>()

  /** @param length images in the set, at least 1 */
  constructor(seed: number, length: number) {
    this.#seed = seed
    this.length = length
  }

  /** The epoch that a place of the global order lies in. */
  epochOf(position: number): number {
    return Math.floor(position / this.length)
  }

  /** The image at a place of the global order; `ahead` looks further within the same epoch, round its end. */
  indexAt(position: number, ahead = 0): number {
    return this.#permutation(this.epochOf(position))[(position + ahead) % this.length]!
  }

  #permutation(epoch: number): Uint32Array {
    const held = this.#permutations.get(epoch)
    if (held !== undefined) return held
    const made = new RandomStream(this.#seed, 'order', epoch).permutation(this.length)
    if (this.#permutations.size === 2) this.#permutations.delete(this.#permutations.keys().next().value!)
    this.#permutations.set(epoch, made)
    return made
  }
}
