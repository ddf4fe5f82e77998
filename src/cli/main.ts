#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { UserError } from '../base/error.js'
import { printable } from '../training/sinks/terminal.js'
import { benchCommand } from './commands/bench.js'
import { dataCommand } from './commands/data.js'
import { evaluateCommand } from './commands/evaluate.js'
import { exportCommand } from './commands/export.js'
import { importCommand } from './commands/import.js'
import { inspectCommand } from './commands/inspect.js'
import { networksCommand } from './commands/networks.js'
import { reproduceCommand } from './commands/reproduce.js'
import { trainCommand } from './commands/train.js'

/** Makes the command, and those under it, throw where commander would exit, and say what is wrong in one line. */
function configure(command: Command): Command {
  for (const child of command.commands) configure(child)
  const hint = "(add '--help' for the options)"
  return command.exitOverride().configureOutput({
    outputError: (text, write) =>
      write(
        `${text
          .trim()
          .replace(/^error: /, 'inception: ')
          .replaceAll('\n', ' ')} ${hint}\n`,
      ),
  })
}

const program = new Command('inception').description(
  'Train, evaluate and compare the Inception-v4 / Inception-ResNet family (arXiv:1602.07261)',
)

for (const command of [
  reproduceCommand,
  trainCommand,
  evaluateCommand,
  importCommand,
  exportCommand,
  inspectCommand,
  networksCommand,
  dataCommand,
  benchCommand,
])
  program.addCommand(command())

// Whoever reads our output may stop early (`| head`); that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
// Progress that nobody reads any more (a closed pipe or terminal) is no reason to stop the work.
process.stderr.on('error', () => {})

try {
  await configure(program).parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else if (error instanceof UserError) {
    process.stderr.write(`inception: ${printable(error.message)}\n`)
    process.exitCode = error.exitCode
  } else if (error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('inception: interrupted; the same command starts again\n')
    process.exitCode = 130
  } else throw error
}
