import { performance } from 'node:perf_hooks'
import { PaceWatch } from './pace.js'
import type { Replicas } from './replicas.js'

/** What all replicas know after a roll call. */
export interface Called {
  /** Whether any of them was asked to stop. */
  readonly stopping: boolean
  /** Which have become slow, in words. */
  readonly slow: readonly string[]
}

/**
 * What replicas tell each other before each step. Whoever cannot make the step, for a bad image or whatever else, says so
 * here (see `Replicas`), so that none begins a step in which it would wait for a sum that never comes.
 */
export class RollCall {
  readonly #replicas: Replicas
  readonly #pace: PaceWatch
  #ended = performance.now()
  #summed = 0
  #spent = 0

  constructor(replicas: Replicas) {
    this.#replicas = replicas
    this.#pace = new PaceWatch(replicas)
  }

  /** Seconds that this replica has spent on communication: in roll calls, and within steps on sums. */
  get spentSeconds(): number {
    return this.#spent
  }

  /** @param stopping whether this one was asked to stop */
  call(stopping: boolean): Called {
    if (this.#replicas.size === 1) return { stopping, slow: [] }
    const begin = performance.now()
    const summed = this.#replicas.summingSeconds - this.#summed
    const seconds = (begin - this.#ended) / 1000 - summed
    const all = this.#replicas.gather({ stopping, seconds })
    this.#ended = performance.now()
    this.#summed = this.#replicas.summingSeconds
    this.#spent += summed + (this.#ended - begin) / 1000
    return {
      stopping: all.some(each => each.stopping),
      slow: this.#pace.take(all.map(each => each.seconds)),
    }
  }
}
