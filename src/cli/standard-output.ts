import { fileError } from '../formats/file-error.js'
import { printable } from '../training/sinks/terminal.js'

let isEverything = true

/** Says that a command makes files too, and so has work left when nobody reads what it prints any more. */
export function outliveReader(): void {
  isEverything = false
}

/** Ends the process where its results can no longer be told. */
export function watchStandardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads our output may stop early (`| head`); that is not a failure.
    if (error.code === 'EPIPE') {
      if (isEverything) process.exit(0)
      return
    }
    const told = fileError('write', 'standard output', error)
    process.stderr.write(`inception: ${printable(told instanceof Error ? told.message : String(told))}\n`)
    process.exit(1)
  })
}
