import type { ImageFacts } from '../image-facts.js'
import type { ImagePlace } from '../image-place.js'
import { ProcessCrew } from '../process-crew.js'

/** What came of reading and decoding one file. */
export type Answer =
  | { readonly kind: 'sound'; readonly bytes: number; readonly facts: ImageFacts }
  /** The file is no sound image. */
  | { readonly kind: 'bad'; readonly reason: string }
  /** The machine could not read it just now, which says nothing of the image. */
  | { readonly kind: 'fault'; readonly reason: string }

export interface DecoderPoolOptions {
  /** Processes, each with one image at a time. */
  readonly workers: number
  /** An image that keeps the decoder busy for longer is bad. @default 60 */
  readonly secondsAnImage?: number
  /** Another program for the processes, for tests. */
  readonly program?: URL
}

interface Job {
  readonly image: ImagePlace
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
  /** Why the first try ended without an answer. */
  failure?: string
}

/** A job that a process is at. */
interface Try {
  readonly job: Job
  readonly timer: NodeJS.Timeout
  late: boolean
}

/**
 * Decodes images in processes of their own. One that crashes the decoder, or keeps it busy for too long, is tried once
 * more, since the system may have ended or halted the process for reasons of its own; the second time the image is bad.
 * No other image is touched by it.
 */
export class DecoderPool implements AsyncDisposable {
  readonly #crew: ProcessCrew<ImagePlace, Answer>
  readonly #secondsAnImage: number
  /** What each process is at. */
  readonly #tries = new Map<number, Try>()
  readonly #idle: number[] = []
  readonly #waiting: Job[] = []
  #failure: Error | undefined

  constructor({ workers, secondsAnImage = 60, program }: DecoderPoolOptions) {
    this.#secondsAnImage = secondsAnImage
    this.#crew = new ProcessCrew(program ?? new URL('./decoder-process.js', import.meta.url), workers, undefined, {
      ready: worker => this.#handOut(worker),
      reply: (worker, answer) => {
        this.#end(worker)?.job.resolve(answer)
        this.#handOut(worker)
      },
      ended: (worker, how) => this.#replace(worker, how),
      failure: error => this.#fail(error),
    })
    this.#crew.hold()
  }

  /** Rejects with a `UserError` where processes cannot be started, and once the pool is closed. */
  check({ path, part }: ImagePlace): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      this.#waiting.push({ image: { path, ...(part && { part }) }, resolve, reject })
      this.#handOut()
    })
  }

  /** Ends the processes; who still waits for an answer gets an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new Error('the decoders are closed'))
    await this.#crew.close()
  }

  /** @param free a process that waits for work from now on */
  #handOut(free?: number): void {
    if (free !== undefined) this.#idle.push(free)
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop()!
      const job = this.#waiting.shift()!
      const timer = setTimeout(() => {
        attempt.late = true
        this.#crew.kill(worker)
      }, this.#secondsAnImage * 1000)
      const attempt: Try = { job, timer, late: false }
      this.#tries.set(worker, attempt)
      this.#crew.post(worker, job.image)
    }
  }

  #replace(worker: number, how: string): void {
    const attempt = this.#end(worker)
    if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1)
    if (attempt) {
      const { job, late } = attempt
      const limit = `decoding it takes more than ${this.#secondsAnImage} s`
      const why = late ? limit : `it crashes the decoder (${how})`
      if (job.failure === undefined) this.#waiting.unshift({ ...job, failure: why })
      else job.resolve({ kind: 'bad', reason: why })
    }
    this.#crew.start(worker)
  }

  #end(worker: number): Try | undefined {
    const attempt = this.#tries.get(worker)
    this.#tries.delete(worker)
    clearTimeout(attempt?.timer)
    return attempt
  }

  #fail(failure: Error): void {
    if (this.#failure) return
    this.#failure = failure
    for (const job of this.#waiting.splice(0)) job.reject(failure)
    for (const { job, timer } of this.#tries.values()) {
      clearTimeout(timer)
      job.reject(failure)
    }
    this.#tries.clear()
  }
}
