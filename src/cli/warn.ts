import { printable } from '../training/sinks/terminal.js'

/** Tells of something that does not stop the work. */
export function warn(message: string): void {
  process.stderr.write(`inception: ${printable(message)}\n`)
}
