import { CommanderError } from 'commander'
import { interruptionIn, UserError } from '../base/error.js'
import { printable } from '../training/sinks/terminal.js'

/** How a command ends that failed. */
export interface Failure {
  readonly exitCode: number
  /** What is to be said; undefined where it has been. */
  readonly line?: string
}

/** What an error means for the user; undefined for a fault of the program. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 }
  if (error instanceof UserError) return { exitCode: error.exitCode, line: `inception: ${printable(error.message)}\n` }
  if (error instanceof Error && error.name === 'AbortError')
    return { exitCode: 130, line: `inception: ${printable(interruptionIn(error))}\n` }
  return undefined
}
