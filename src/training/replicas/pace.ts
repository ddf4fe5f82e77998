import type { Replicas } from './replicas.js'

/** Steps that a replica must have been slow for. */
const window = 20
/** A replica is slow that takes so many times the median. */
const slowFactor = 1.5
/** Seconds that a replica must hold the others up by: of steps of a few milliseconds the scheduler makes more. */
const leastDelay = 0.02
/** Steps before the same replica is named again. */
const silence = 500

/** Tells which replicas hold the others up, from the seconds that each works on a step, without its waiting for others. */
export class PaceWatch {
  readonly #replicas: Pick<Replicas, 'name' | 'size'>
  readonly #seconds: number[][]
  readonly #toldAt = new Map<number, number>()
  #step = 0

  constructor(replicas: Pick<Replicas, 'name' | 'size'>) {
    this.#replicas = replicas
    this.#seconds = Array.from({ length: replicas.size }, () => [])
  }

  /** @param seconds of the last step, by rank. Gives a message for each replica that has become slow. */
  take(seconds: readonly number[]): string[] {
    this.#step++
    for (const [rank, own] of this.#seconds.entries()) {
      own.push(seconds[rank]!)
      if (own.length > window) own.shift()
    }
    if (this.#step < window) return []
    const typical = this.#seconds.map(median)
    const usual = median(typical)
    return typical.flatMap((own, rank) => {
      const told = this.#toldAt.get(rank)
      if (own <= slowFactor * usual || own - usual < leastDelay || (told !== undefined && this.#step - told < silence))
        return []
      this.#toldAt.set(rank, this.#step)
      return `${this.#replicas.name(rank)} is slow: it works ${(own / usual).toFixed(1)} times as long on a step as the replicas usually do (${milliseconds(own)} against ${milliseconds(usual)}), and all wait for it`
    })
  }
}

/** The lower one of the two in the middle, so that of two replicas the faster one is the measure. */
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]!

const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(0)} ms`
