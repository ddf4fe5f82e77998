import { CommanderError } from 'commander'
import { interruptionIn, UserError } from '../base/error.js'
import { printable } from '../training/sinks/terminal.js'

/** Whether it is about what the user wrote, and not the end of a text of help. */
export const isMisuse = ({ exitCode, code }: CommanderError): boolean => exitCode !== 0 && code !== 'commander.help'

/** The same in one line, as all errors of the user are told. */
export const misuse = ({ message }: CommanderError): UserError =>
  new UserError(
    `${message
      .trim()
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')} (add '--help' for the options)`,
    2,
  )

/** How a command ends that failed. */
export interface Failure {
  readonly exitCode: number
  /** What is to be said; undefined where it has been. */
  readonly line?: string
}

/** What an error means for the user; undefined for a fault of the program. */
export function failureOf(given: unknown): Failure | undefined {
  // Help has been written by commander.
  if (given instanceof CommanderError && !isMisuse(given)) return { exitCode: given.exitCode === 0 ? 0 : 2 }
  const error = given instanceof CommanderError ? misuse(given) : given
  if (error instanceof UserError) return { exitCode: error.exitCode, line: `inception: ${printable(error.message)}\n` }
  if (error instanceof Error && error.name === 'AbortError')
    return { exitCode: 130, line: `inception: ${printable(interruptionIn(error))}\n` }
  return undefined
}
