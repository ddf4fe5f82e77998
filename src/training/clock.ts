import { performance } from 'node:perf_hooks'

/** Measures training time, leaving evaluation and saving out. */
export class Clock {
  readonly #batch: number
  readonly #steps: number
  #begin = performance.now()
  #reported = { time: performance.now(), step: 0, waited: 0, communicated: 0 }
  #waited = 0
  #communicated: number | undefined
  #paused = 0
  #step: number
  readonly #first: number

  constructor(batch: number, first: number, steps: number) {
    this.#batch = batch
    this.#steps = steps
    this.#first = first
    this.#step = first
    this.#reported.step = first
  }

  waited(seconds: number) {
    this.#waited = seconds
  }

  /** @param seconds of communication with other replicas since the run began; where there are some. */
  communicated(seconds: number) {
    this.#communicated = seconds
  }

  stepped(step: number) {
    this.#step = step
  }

  get trainingSeconds() {
    return (performance.now() - this.#begin - this.#paused) / 1000
  }

  /** The part of training that was waiting for images. */
  get waitShare() {
    return Math.min(1, this.#waited / Math.max(1e-9, this.trainingSeconds))
  }

  reportDue(seconds: number) {
    return performance.now() - this.#reported.time > 1000 * seconds
  }

  /** Runs something that is not training. */
  async pause<T>(work: () => Promise<T>): Promise<T> {
    const begin = performance.now()
    const result = await work()
    const spent = performance.now() - begin
    this.#paused += spent
    this.#reported.time += spent
    return result
  }

  report() {
    const now = performance.now()
    const seconds = Math.max(1e-9, (now - this.#reported.time) / 1000)
    const imagesPerSecond = ((this.#step - this.#reported.step) * this.#batch) / seconds
    const share = (part: number) => Math.min(1, Math.max(0, part / seconds))
    const waitShare = share(this.#waited - this.#reported.waited)
    const communicated = this.#communicated
    const communicationShare =
      communicated === undefined ? {} : { communicationShare: share(communicated - this.#reported.communicated) }
    this.#reported = { time: now, step: this.#step, waited: this.#waited, communicated: communicated ?? 0 }
    const perStep = this.trainingSeconds / Math.max(1, this.#step - this.#first)
    return {
      imagesPerSecond,
      waitShare,
      ...communicationShare,
      secondsLeft: perStep * (this.#steps - this.#step),
    }
  }
}
