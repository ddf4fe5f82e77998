import { fork } from 'node:child_process'
import { UserError } from '../base/error.js'
import type { TrainingEvent } from '../training/events.js'
import type { TrainerMessage, TrainingOrder } from './trainer-process.js'

/**
 * Trains one network in a process of its own with one thread, passing its events on. Small networks train side by side,
 * a core each: their kernels are so short that splitting each over two cores costs more in waiting than it gains, and
 * one busy neighbour would hold up all of them. Returns the last event.
 * Errors: UserError of the trainer, or one saying that its process died.
 */
export function trainInProcess(
  order: TrainingOrder,
  { signal, tell }: { readonly signal?: AbortSignal | undefined; readonly tell: (event: TrainingEvent) => void },
): Promise<TrainingEvent> {
  const child = fork(new URL('./trainer-process.js', import.meta.url), {
    env: { ...process.env, OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const stop = () => child.connected && child.send('stop')
  signal?.addEventListener('abort', stop)
  return new Promise<TrainingEvent>((resolve, reject) => {
    let last: TrainingEvent | undefined
    let failure: UserError | undefined
    child.on('message', (message: TrainerMessage) => {
      if (message.kind === 'failure') failure = new UserError(message.message, message.exitCode)
      else {
        last = message.event
        tell(message.event)
      }
    })
    child.on('error', reject)
    // Not 'exit', which can come before the last messages have been read.
    child.on('close', (code, name) => {
      signal?.removeEventListener('abort', stop)
      if (failure) reject(failure)
      else if (last?.type === 'done' || last?.type === 'interrupted') resolve(last)
      else
        reject(
          new UserError(
            `the process training ${order.settings.model.network} ended with ${name ?? `code ${code}`}: start the command again to go on from its last checkpoint`,
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
