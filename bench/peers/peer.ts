import { spawn } from 'node:child_process'
import path from 'node:path'
import { UserError } from '../../src/base/error.js'

/** What is timed. Every run happens in a process of its own, so that memory and threads are its own too. */
export interface Task {
  readonly work: 'train' | 'infer'
  readonly network: string
  readonly batch: number
  readonly threads: number
  readonly warmup: number
  readonly runs: number
}

export interface Sample {
  /** The median of the runs: of a training step, or of a batch's inference. */
  readonly milliseconds: number
  /** The largest resident size of the process. */
  readonly peakMemoryBytes: number
  /** What ran, by name. */
  readonly versions: Readonly<Record<string, string>>
}

/** Who takes part in a comparison. */
export interface Contestant {
  readonly title: string
  /** Throws `Unavailable` where it is not installed or cannot do this. */
  run(task: Task): Promise<Sample>
}

/** A peer that is missing, or cannot do what was asked: skipped, with the reason. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** What a peer's program prints: one JSON object on standard output. */
export interface Printed {
  readonly unavailable?: string
  readonly parameters?: number
  readonly milliseconds?: readonly number[]
  readonly peakMemoryBytes?: number
  readonly logits?: readonly number[]
  readonly versions?: Readonly<Record<string, string>>
}

/** Runs a program with this number of threads and returns what it prints. Errors: its last words, as a `UserError`. */
export async function printedBy(command: string, args: readonly string[], threads: number): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: `${threads}` },
  })
  const [out, words]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('utf8').on('data', text => out.push(text))
  child.stderr.setEncoding('utf8').on('data', text => words.push(text))
  const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', error => reject(new Unavailable(`${command} cannot be started: ${error.message}`)))
    child.on('close', (code, signal) => resolve(signal ?? code))
  })
  if (code === 0) return out.join('')
  const lines = words.join('').trim().split('\n')
  // Node and Python both print more around the line that says what went wrong.
  const said = lines.findLast(line => /error/i.test(line)) ?? lines.at(-1)
  const program = [command, ...args.slice(0, 2)].map(word => path.basename(word)).join(' ')
  throw new UserError(`${program} ended with ${code}: ${said || 'without a word'}`)
}

/** Runs a peer's program. Throws `Unavailable` where it says so. */
export async function askPeer(command: string, args: readonly string[], threads: number): Promise<Printed> {
  const printed = JSON.parse(await printedBy(command, args, threads)) as Printed
  if (printed.unavailable !== undefined) throw new Unavailable(printed.unavailable)
  return printed
}

/** A sample from what a peer printed after timing. */
export const sampleOf = ({ milliseconds, peakMemoryBytes, versions }: Printed): Sample => ({
  milliseconds: median(milliseconds!),
  peakMemoryBytes: peakMemoryBytes!,
  versions: versions!,
})

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
