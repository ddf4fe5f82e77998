import { Worker } from 'node:worker_threads'
import { UserError } from '../../base/error.js'
import { defaultThreads, mostThreads } from '../../base/threads.js'
import { Job } from './job.js'
import { compileKernels, instantiateKernels, type KernelExports } from './kernel-module.js'
import { StoreMemory } from './store-memory.js'
import type { Task } from './task.js'
import type { Hire } from './worker.js'

export interface TeamOptions {
  /** Threads that share the work, the calling one among them. @default defaultThreads() */
  readonly threads?: number
  /** The most bytes the tensors may take. @default 4 GiB */
  readonly memoryLimit?: number
}

/** A chunk takes about a tenth of a millisecond; a thread that finishes none for this many seconds is gone. */
const patience = 60

/**
 * Threads over one shared memory. A job is opened by the calling thread, which works on it too; the others claim chunks
 * of it as they come free. Which thread computes a chunk never shows in a result, so a worker that has not started yet,
 * or whose core is busy elsewhere, costs time only. Workers do not keep the process alive.
 */
export class Team {
  readonly threads: number
  readonly store: StoreMemory
  readonly #kernels: KernelExports
  readonly #workers: readonly Worker[]
  readonly #started: readonly Promise<void>[]
  #failure: { readonly cause: unknown } | undefined
  #closed = false

  constructor(options: TeamOptions = {}) {
    this.threads = options.threads ?? defaultThreads()
    if (!(Number.isInteger(this.threads) && this.threads >= 1 && this.threads <= mostThreads))
      throw new UserError(`${this.threads} threads: give a whole number from 1 to ${mostThreads}`, 2)
    const module = compileKernels()
    this.store = new StoreMemory(options.memoryLimit)
    this.#kernels = instantiateKernels(module, this.store.memory)
    // The first block lies at 0, where the kernels expect their control block; so 0 is never a tensor's offset.
    this.store.allocate(this.#kernels.constants.RESERVED)
    const hire: Hire = { module, memory: this.store.memory }
    this.#workers = Array.from({ length: this.threads - 1 }, () => this.#hire(hire))
    this.#started = this.#workers.map(started)
    for (const promise of this.#started) promise.catch(() => {})
  }

  /** Settles when every worker has started; rejects if one could not. Work may begin before. */
  async ready(): Promise<void> {
    for (const worker of this.#workers) worker.ref()
    try {
      await Promise.all(this.#started)
    } catch (cause) {
      throw stopped(cause)
    } finally {
      for (const worker of this.#workers) worker.unref()
    }
  }

  /** The offset of a new block of `bytes` zero bytes: 64-byte aligned, never 0, never moved. */
  allocate(bytes: number): number {
    return this.store.allocate(bytes)
  }

  /** A block as `allocate` gives, or undefined where there is no room for it. */
  tryToAllocate(bytes: number): number | undefined {
    return this.store.room >= bytes ? this.allocate(bytes) : undefined
  }

  /** Gives back a block that `allocate` returned. */
  release(offset: number): void {
    this.store.release(offset)
  }

  /** `n` floats at byte `offset`. Take a view when it is needed: it does not see what memory grows by later. */
  f32(offset: number, n: number): Float32Array {
    this.#checkView(offset, n, 4)
    return new Float32Array(this.store.buffer, offset, n)
  }

  /** `n` bfloat16 numbers at byte `offset`, as their bits. */
  u16(offset: number, n: number): Uint16Array {
    this.#checkView(offset, n, 2)
    return new Uint16Array(this.store.buffer, offset, n)
  }

  /** Checks the tasks and lays them out for running. The tasks of one job run in any order. */
  prepare(tasks: readonly Task[]): Job {
    return new Job(tasks, this.store, this.#kernels.constants, this.#runRows)
  }

  /**
   * Sends the workers home at once; settles when their threads have ended. Views of the memory stay good; jobs do not.
   */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#kernels.stop()
    }
    await Promise.all(this.#workers.map(worker => worker.terminate()))
  }

  #hire(hire: Hire): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: hire, execArgv: [] })
    worker.on('error', cause => {
      this.#failure ??= { cause }
    })
    worker.on('exit', code => {
      if (!this.#closed) this.#failure ??= { cause: new Error(`a worker thread ended with code ${code}`) }
    })
    worker.unref()
    return worker
  }

  readonly #runRows = (table: number, rows: number, helpers: number): void => {
    const { begin, work, wait, finished, fail, failed, constants } = this.#kernels
    if (this.#closed) throw new UserError('the SIMD threads have been closed: make a new Team')
    if (this.#failure !== undefined || failed() !== 0) throw this.#stopped()
    if (rows === 0) return
    begin(table, rows, Math.min(helpers, this.threads - 1))
    try {
      work()
    } catch (cause) {
      fail()
      this.#failure = { cause }
      throw stopped(cause)
    }
    // Waiting in short spells and counting them, not the clock, so that a stopped process is not taken for a dead thread.
    let seen = finished()
    for (let spell = 0; spell < patience; spell++) {
      const state = wait(1000)
      if (state === constants.FINISHED) return
      if (state === constants.BROKEN) throw this.#stopped()
      if (finished() !== seen) spell = 0
      seen = finished()
    }
    fail()
    throw stopped(new Error(`a thread has finished nothing for ${patience} s`))
  }

  #stopped(): UserError {
    return stopped(this.#failure?.cause)
  }

  #checkView(offset: number, n: number, elementBytes: number): void {
    const end = offset + n * elementBytes
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(n) && offset >= 0 && n >= 0
    if (!whole || offset % elementBytes !== 0 || end > this.store.buffer.byteLength)
      throw new UserError(
        `no ${n} elements of ${elementBytes} bytes at offset ${offset}: give an offset from allocate() and a count within its block`,
      )
  }
}

const stopped = (cause: unknown): UserError =>
  new UserError(
    `a SIMD thread has stopped${cause instanceof Error ? ` (${cause.message})` : ''}: resume from the last checkpoint`,
    1,
    { cause },
  )

/** Settles at the worker's first message, which it sends once it can work. */
function started(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
    worker.once('exit', code => reject(new Error(`a worker thread ended with code ${code}`)))
  })
}
