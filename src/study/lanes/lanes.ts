import { fork } from 'node:child_process'
import { UserError } from '../../base/error.js'
import type { LaneMessage, Order } from './lane-process.js'

export interface LaneOptions {
  readonly signal?: AbortSignal | undefined
  /** Threads to compute with. */
  readonly threads: number
  /** Hears what the work tells on its way. */
  readonly news?: (news: unknown) => void
  /** What the process does, for the message when it dies: "training inception-v4". */
  readonly what: string
}

/**
 * Does one piece of work in a process of its own and returns its result. Small networks work side by side, one thread
 * each: their kernels are so short that splitting each over two cores costs more in waiting than it gains, and one busy
 * neighbour would hold up all of them.
 * Errors: UserError of the work, or one saying that its process died.
 */
export function inProcess<Result>(order: Order, { signal, threads, news, what }: LaneOptions): Promise<Result> {
  const child = fork(new URL('./lane-process.js', import.meta.url), {
    env: { ...process.env, OMP_NUM_THREADS: `${threads}` },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  // A measurement does not look up before its end, and has nothing to save.
  const stop = () => (order.kind === 'footprint' ? child.kill('SIGKILL') : child.connected && child.send('stop'))
  signal?.addEventListener('abort', stop)
  return new Promise<Result>((resolve, reject) => {
    let result: { readonly value: Result } | undefined
    let failure: UserError | undefined
    child.on('message', (message: LaneMessage) => {
      if (message.kind === 'failure') failure = new UserError(message.message, message.exitCode)
      else if (message.kind === 'result') result = { value: message.result as Result }
      else news?.(message.news)
    })
    child.on('error', reject)
    // Not 'exit', which can come before the last messages have been read.
    child.on('close', (code, name) => {
      signal?.removeEventListener('abort', stop)
      if (failure) reject(failure)
      else if (result) resolve(result.value)
      else
        reject(
          new UserError(
            `the process ${what} ended with ${name ?? `code ${code}`}: start the command again to go on with what was saved`,
          ),
        )
    })
    child.send(order)
  })
}

/** Runs jobs in order, at most `lanes` at a time. The first failure is thrown after those under way have ended. */
export async function inLanes<T>(lanes: number, jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results = new Array<T>(jobs.length)
  const failures: unknown[] = []
  let next = 0
  const lane = async () => {
    while (next < jobs.length && failures.length === 0) {
      const i = next++
      try {
        results[i] = await jobs[i]!()
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  if (failures.length > 0) throw failures[0]
  return results
}
