import { performance } from 'node:perf_hooks'

/** How far an evaluation is. Rates are over this sitting, without what a sitting before has kept. */
export interface EvaluationProgress {
  /** Images done; of several sides, each counts as its share of the image. */
  readonly done: number
  readonly total: number
  /** Views computed. */
  readonly viewsPerSecond: number
  readonly imagesPerSecond: number
  /** At the pace so far; infinite before there is one. */
  readonly secondsLeft: number
}

/** Measures how fast work is done. */
export class Pace {
  readonly #begin = performance.now()
  #done = 0
  #left: number

  /** @param left work to be done, in any unit */
  constructor(left: number) {
    this.#left = left
  }

  advance(work: number): void {
    this.#done += work
    this.#left -= work
  }

  get seconds(): number {
    return (performance.now() - this.#begin) / 1000
  }

  get secondsLeft(): number {
    if (this.#left <= 0) return 0
    return this.#done > 0 ? (this.#left / this.#done) * this.seconds : Number.POSITIVE_INFINITY
  }
}
