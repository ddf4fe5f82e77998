import { type ChildProcess, fork } from 'node:child_process'
import { UserError } from '../../base/error.js'
import type { ImageFacts } from '../image-facts.js'
import type { ImagePlace } from '../image-place.js'

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
export class DecoderPool implements Disposable {
  readonly #options: DecoderPoolOptions
  /** What each process is at; nothing while it starts or waits. */
  readonly #tries = new Map<ChildProcess, Try | undefined>()
  readonly #idle: ChildProcess[] = []
  readonly #waiting: Job[] = []
  #failure: Error | undefined

  constructor(options: DecoderPoolOptions) {
    this.#options = options
    for (let i = 0; i < options.workers; i++) this.#start()
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
  [Symbol.dispose](): void {
    this.#fail(new Error('the decoders are closed'))
  }

  #start(): void {
    const program = this.#options.program ?? new URL('./decoder-process.js', import.meta.url)
    // Its standard error is shut: a crash is reported by its image's reason, not by what the C library says of it.
    const child = fork(program, [], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    let ready = false
    this.#tries.set(child, undefined)
    child.on('message', (message: Answer | 'ready') => {
      if (message === 'ready') ready = true
      else this.#end(child)?.resolve(message)
      this.#idle.push(child)
      this.#handOut()
    })
    const cannotStart = (why: string) =>
      this.#fail(new UserError(`processes that decode images cannot be started: ${why}; free memory or processes`))
    child.on('error', error => cannotStart(error.message))
    child.on('exit', (code, signal) => {
      const found = this.#tries.get(child)
      const job = this.#end(child)
      this.#tries.delete(child)
      if (this.#idle.includes(child)) this.#idle.splice(this.#idle.indexOf(child), 1)
      if (this.#failure) return
      const how = signal ?? `code ${code}`
      if (!ready) return cannotStart(`one ended at once (${how})`)
      if (job) {
        const { secondsAnImage = 60 } = this.#options
        const why = found?.late ? `decoding it takes more than ${secondsAnImage} s` : `it crashes the decoder (${how})`
        if (job.failure === undefined) this.#waiting.unshift({ ...job, failure: why })
        else job.resolve({ kind: 'bad', reason: why })
      }
      this.#start()
    })
  }

  #handOut(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const child = this.#idle.pop()!
      const job = this.#waiting.shift()!
      const { secondsAnImage = 60 } = this.#options
      const timer = setTimeout(() => {
        attempt.late = true
        child.kill('SIGKILL')
      }, secondsAnImage * 1000)
      const attempt: Try = { job, timer, late: false }
      this.#tries.set(child, attempt)
      // A process that has just died is told by its exit.
      child.send(job.image, () => {})
    }
  }

  #end(child: ChildProcess): Job | undefined {
    const found = this.#tries.get(child)
    this.#tries.set(child, undefined)
    clearTimeout(found?.timer)
    return found?.job
  }

  #fail(failure: Error): void {
    if (this.#failure) return
    this.#failure = failure
    for (const job of this.#waiting.splice(0)) job.reject(failure)
    for (const [child, attempt] of this.#tries) {
      clearTimeout(attempt?.timer)
      attempt?.job.reject(failure)
      child.kill('SIGKILL')
    }
  }
}
