import { Worker } from 'node:worker_threads'

/**
 * Worker threads that run one program and are spoken to by messages. A worker that fails or ends by itself ends the
 * crew's work: `on.failure` hears of it once. They keep the process alive until the crew is closed.
 */
export class Crew<Task, Reply> {
  readonly #workers: Worker[]
  readonly #ended: Promise<unknown>[]
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
  }

  get size(): number {
    return this.#workers.length
  }

  post(worker: number, task: Task): void {
    this.#workers[worker]!.postMessage(task)
  }

  /** Lets every worker finish what it is at, and returns when all threads have ended. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      for (const worker of this.#workers) worker.postMessage(null)
    }
    await Promise.all(this.#ended)
  }
}
