#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { UserError } from '../base/error.js'
import { benchCommand } from './commands/bench.js'
import { dataCommand } from './commands/data.js'
import { evaluateCommand } from './commands/evaluate.js'
import { inspectCommand } from './commands/inspect.js'
import { networksCommand } from './commands/networks.js'
import { reproduceCommand } from './commands/reproduce.js'
import { trainCommand } from './commands/train.js'

const program = new Command('inception')
  .description('Train, evaluate and compare the Inception-v4 / Inception-ResNet family (arXiv:1602.07261)')
  .exitOverride()
  .showHelpAfterError("(add '--help' for the options)")

for (const command of [
  reproduceCommand,
  trainCommand,
  evaluateCommand,
  inspectCommand,
  networksCommand,
  dataCommand,
  benchCommand,
]) {
  const made = command()
  for (const each of [made, ...made.commands]) each.exitOverride().showHelpAfterError("(add '--help' for the options)")
  program.addCommand(made)
}

// Whoever reads our output may stop early (`| head`); that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else if (error instanceof UserError) {
    process.stderr.write(`inception: ${error.message}\n`)
    process.exitCode = error.exitCode
  } else throw error
}
