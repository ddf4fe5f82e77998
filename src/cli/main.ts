#!/usr/bin/env node
import { Command } from 'commander'
import { UserError } from '../base/error.js'
import { findLauncher } from '../communication/mpi/launcher.js'
import { failureOf } from './failure.js'
import { watchStandardOutput } from './standard-output.js'

/** By name, in the order of the help. Only the one asked for is loaded: all of them take longer than a prediction. */
const commands = {
  reproduce: async () => (await import('./commands/reproduce.js')).reproduceCommand(),
  train: async () => (await import('./commands/train.js')).trainCommand(),
  evaluate: async () => (await import('./commands/evaluate.js')).evaluateCommand(),
  predict: async () => (await import('./commands/predict.js')).predictCommand(),
  import: async () => (await import('./commands/import.js')).importCommand(),
  export: async () => (await import('./commands/export.js')).exportCommand(),
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand(),
  networks: async () => (await import('./commands/networks.js')).networksCommand(),
  data: async () => (await import('./commands/data.js')).dataCommand(),
  bench: async () => (await import('./commands/bench.js')).benchCommand(),
} as const satisfies Readonly<Record<string, () => Promise<Command>>>

type CommandName = keyof typeof commands
const isCommand = (word: string | undefined): word is CommandName => word !== undefined && Object.hasOwn(commands, word)

/** What the processes that MPI's launcher starts can do together; others would each do all of it, in one place. */
const forReplicas: ReadonlySet<CommandName> = new Set(['train', 'evaluate', 'inspect', 'bench'])

function expectReplicas(command: CommandName): void {
  const launcher = findLauncher()
  if (launcher !== undefined && !forReplicas.has(command))
    throw new UserError(
      `'inception ${command}' is for one process, and by ${launcher.sign} this is one of several: start it without mpirun`,
      2,
    )
}

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

const asked = process.argv[2]
const wanted: readonly CommandName[] = isCommand(asked) ? [asked] : (Object.keys(commands) as CommandName[])
for (const name of wanted) program.addCommand(await commands[name]())

watchStandardOutput()
// Progress that nobody reads any more (a closed pipe or terminal) is no reason to stop the work.
process.stderr.on('error', () => {})

try {
  if (isCommand(asked)) expectReplicas(asked)
  await configure(program).parseAsync()
} catch (error) {
  const failure = failureOf(error)
  if (failure === undefined) throw error
  if (failure.line !== undefined) process.stderr.write(failure.line)
  process.exitCode = failure.exitCode
}
