#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { UserError } from '../base/error.js'
import { packageVersion } from '../base/package-version.js'
import { findLauncher } from '../communication/mpi/launcher.js'
import { failureOf, isMisuse, misuse } from './failure.js'
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

/** Makes the command, and those under it, throw where commander would say what is wrong, and exit. */
function configure(command: Command): Command {
  for (const child of command.commands) configure(child)
  return command.exitOverride().configureOutput({ outputError() {} })
}

/** The command, or the one under it, that the words name. */
function named(command: Command, [word, ...more]: readonly string[]): Command {
  const child = command.commands.find(child => child.name() === word)
  return child ? named(child, more) : command
}

/**
 * Tells of what is wrong with the command. Where a launcher started many of one that they do together, all may have been
 * given the same words, or this one alone others: they join to find out, and it is told once.
 */
async function refuse(error: unknown): Promise<void> {
  if (error instanceof CommanderError && isMisuse(error) && findLauncher() !== undefined) {
    const { defaultReplicaTimeout } = await import('./engine-options.js')
    const { asReplica, isForReplicas } = await import('./replicas.js')
    const fail = () => Promise.reject(misuse(error))
    if (isForReplicas(named(program, process.argv.slice(2))))
      // Without an MPI to join by, each tells of its own.
      return await asReplica(defaultReplicaTimeout, fail).catch(() => tell(error))
  }
  tell(error)
}

function tell(error: unknown): void {
  const failure = failureOf(error)
  if (failure === undefined) throw error
  if (failure.line !== undefined) process.stderr.write(failure.line)
  process.exitCode = failure.exitCode
}

const program = new Command('inception')
  .description('Train, evaluate and compare the Inception-v4 / Inception-ResNet family (arXiv:1602.07261)')
  .version(packageVersion())

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
  await refuse(error)
}
