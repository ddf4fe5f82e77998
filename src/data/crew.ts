import { Worker } from 'node:worker_threads'

/**
 * Worker threads that run one program and are spoken to by messages. A worker that fails or ends by itself ends the
 * crew's work: `onFailure` hears of it once. Idle workers do not keep the process alive; {@link hold} changes that while
 * an answer is awaited.
 */
export class Crew<Task, Reply> {
  readonly #workers: Worker[]
  readonly #ended: Promise<unknown>[]
  #holds = 0
  #closing = false
  #failed = false

  /**
   * @param program a module that answers each message and returns when it gets `null`
   * @param data what each worker finds as its `workerData`
   */
  constructor(
    program: URL,
    data: readonly unknown[],
    on: { readonly reply: (reply: Reply, worker: number) => void; readonly failure: (error: Error) => void },
  ) {
    const fail = (error: Error) => {
      if (this.#failed || this.#closing) return
      this.#failed = true
      on.failure(error)
    }
    // Without this process's own options: some, such as --input-type, would keep a worker from starting.
    this.#workers = data.map(workerData => new Worker(program, { workerData, execArgv: [] }))
    this.#ended = this.#workers.map(
      (worker, index) =>
        new Promise<void>(resolve => {
          worker.on('message', (reply: Reply) => on.reply(reply, index))
          worker.on('error', fail)
          worker.on('exit', code => {
            fail(new Error(`worker thread ${index} ended early with code ${code}`))
            resolve()
          })
        }),
    )
    for (const worker of this.#workers) worker.unref()
  }

  get size(): number {
    return this.#workers.length
  }

  post(worker: number, task: Task): void {
    this.#workers[worker]!.postMessage(task)
  }

  postAll(task: Task): void {
    for (const worker of this.#workers) worker.postMessage(task)
  }

  /** Until as many calls of {@link release} the process does not end by itself. */
  hold(): void {
    if (this.#holds++ === 0) for (const worker of this.#workers) worker.ref()
  }

  release(): void {
    if (--this.#holds === 0) for (const worker of this.#workers) worker.unref()
  }

  /** Lets every worker finish what it is at, and returns when all threads have ended. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      this.hold()
      for (const worker of this.#workers) worker.postMessage(null)
    }
    await Promise.all(this.#ended)
  }
}
