import { Worker } from 'node:worker_threads'
import type { Outcomes } from './outcomes.js'

/** What the thread that reads damaged files is to do: `rounds` of them from number `from` on. */
export interface MutantTask {
  readonly originals: readonly Uint8Array[]
  readonly from: number
  readonly rounds: number
  readonly seed: number
}

/** What came of one damaged file. */
export interface MutantReport {
  readonly round: number
  readonly outcome: 'read' | 'refused'
}

export interface KerasOutcomes extends Outcomes {
  /** How often the library broke down, and its thread with it. */
  readonly crashed: number
}

/** The library forgets memory now and then; a fresh thread every so many files has all of it. */
const roundsPerThread = 400

/**
 * Reads `rounds` damaged copies of the files, in threads like the one that reads a file for good. A thread in which the
 * library broke down is replaced by another, as happens to a file that is read for good; anything else that is not the
 * user's to mend fails.
 */
export async function mutateKeras(
  originals: readonly Uint8Array[],
  rounds: number,
  seed: number,
): Promise<KerasOutcomes> {
  const outcomes = { read: 0, refused: 0, crashed: 0 }
  for (let from = 0; from < rounds; ) {
    const task: MutantTask = { originals, from, rounds: Math.min(roundsPerThread, rounds - from), seed }
    const end = from + task.rounds
    from = await new Promise<number>((resolve, reject) => {
      let next = task.from
      const worker = new Worker(new URL('./keras-mutants.js', import.meta.url), {
        workerData: task,
        stdout: true,
        stderr: true,
      })
      worker.on('message', ({ round, outcome }: MutantReport) => {
        outcomes[outcome]++
        next = round + 1
      })
      worker.on('error', error => {
        if (!isBreakdown(error)) return reject(new Error(`round ${next}: ${error.stack}`))
        outcomes.crashed++
        resolve(next + 1)
      })
      worker.on('exit', () => (next === end ? resolve(next) : reject(new Error(`round ${next}: the thread ended`))))
    })
  }
  return outcomes
}

/** The library stopped itself, or ran out of memory or of its stack. */
const isBreakdown = (error: Error): boolean => error.name === 'RuntimeError' || error instanceof RangeError
