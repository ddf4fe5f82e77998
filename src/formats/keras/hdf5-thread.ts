import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { UserError } from '../../base/error.js'
import type { DirectLine, Hdf5Reply, Hdf5Request, Hdf5Source } from './hdf5-request.js'

/** Milliseconds that an answer may take: minutes for what takes seconds where the disk is slow. */
export const defaultPatience = 120_000

/** Patience is counted in this many steps: a process that is stopped and goes on hours later has missed only one. */
const ticks = 10

type Answer = Exclude<Hdf5Reply, { failed: string } | { broken: string }>

interface Waiting {
  readonly resolve: (reply: Hdf5Reply) => void
  readonly reject: (error: Error) => void
}

/**
 * The HDF5 library on one file, in a thread of its own: on a damaged file it may print, abort or never return, and the
 * memory that it took is given back only with its thread. One question at a time.
 */
export class Hdf5Thread {
  readonly #file: string
  readonly #worker: Worker
  readonly #patience: number
  readonly #direct: DirectLine
  #waiting: Waiting | undefined
  #ended: UserError | undefined

  constructor(source: Omit<Hdf5Source, 'direct'>, patience: number) {
    this.#file = source.file
    this.#patience = patience
    const { port1, port2 } = new MessageChannel()
    const flag = new Int32Array(new SharedArrayBuffer(4))
    this.#direct = { port: port1, flag }
    // Without this process's own options: some, such as --input-type, would keep a worker from starting.
    this.#worker = new Worker(new URL('./hdf5-worker.js', import.meta.url), {
      workerData: { ...source, direct: { port: port2, flag } } satisfies Hdf5Source,
      transferList: [port2],
      execArgv: [],
      stdout: true,
      stderr: true,
    })
    this.#worker.unref()
    this.#worker.on('message', (reply: Hdf5Reply) => this.#settle(waiting => waiting.resolve(reply)))
    this.#worker.on('error', error => this.#end(`the HDF5 library fails on it (${firstLine(error.message)})`))
    this.#worker.on('exit', () => this.#end('the HDF5 library ended'))
  }

  /** Errors: `UserError` with the reason when the file or the library is at fault. */
  async ask(request: Hdf5Request): Promise<Answer> {
    this.#expectFree()
    this.#worker.ref()
    let left = ticks
    const clock = setInterval(() => {
      if (--left === 0) this.#end(this.#late)
    }, this.#patience / ticks)
    try {
      const reply = await new Promise<Hdf5Reply>((resolve, reject) => {
        this.#waiting = { resolve, reject }
        this.#worker.postMessage(request)
      })
      return this.#answerOf(reply)
    } finally {
      clearInterval(clock)
      this.#worker.unref()
    }
  }

  /** The values of the weight at a path; this thread stands still meanwhile. Errors: as `ask`. */
  readNow(path: string): Float32Array<ArrayBuffer> {
    this.#expectFree()
    const { port, flag } = this.#direct
    Atomics.store(flag, 0, 0)
    this.#worker.postMessage({ read: path, direct: true } satisfies Hdf5Request)
    let left = ticks
    while (Atomics.wait(flag, 0, 0, this.#patience / ticks) === 'timed-out')
      if (--left === 0) throw this.#end(this.#late)
    const answer = this.#answerOf(receiveMessageOnPort(port)!.message as Hdf5Reply)
    if (!('values' in answer)) throw new Error(`${this.#file} gave no values`)
    return answer.values
  }

  get #late(): string {
    return `the HDF5 library is still at it after ${this.#patience / 1000} s`
  }

  #expectFree(): void {
    if (this.#ended !== undefined) throw this.#ended
    if (this.#waiting !== undefined) throw new Error(`${this.#file} is asked two questions at a time`)
  }

  #answerOf(reply: Hdf5Reply): Answer {
    if ('failed' in reply) throw new UserError(reply.failed)
    if ('broken' in reply) throw this.#end(`the HDF5 library fails on it (${firstLine(reply.broken)})`)
    return reply
  }

  async close(): Promise<void> {
    this.#end('it is closed')
    await this.#worker.terminate()
  }

  #end(reason: string): UserError {
    this.#ended ??= new UserError(`${this.#file} is no readable file of Keras weights: ${reason}; get it again`)
    const error = this.#ended
    this.#settle(waiting => waiting.reject(error))
    void this.#worker.terminate()
    return error
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) how(waiting)
  }
}

const firstLine = (message: string): string => message.split('\n', 1)[0]!.slice(0, 200)
