import { Command } from 'commander'
import type { BackendName } from '../../../backends/backend.js'
import { wholeNumber } from '../../arguments.js'
import { backendOption, precisionOption, threadsOption } from '../../engine-options.js'
import { addModelOptions, type ModelFlags } from '../../model-options.js'

export interface Flags extends ModelFlags {
  checkpoint?: string
  network?: string
  image?: string
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  warmup: number
  runs: number
  coldRuns: number
  json?: boolean
}

export const benchLatencyCommand = (): Command =>
  addModelOptions(
    new Command('latency').description('one image: warm, by its parts, and from the start of a process to a label'),
  )
    .option('--checkpoint <file>', 'a checkpoint file, or a run folder for its newest one')
    .option('--network <id>', 'a network of 1000 classes with its first weights instead')
    .option('--image <file>', 'which image (default: a drawn JPEG of 433×433)')
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .option('--warmup <n>', 'runs not counted', wholeNumber(0), 5)
    .option('--runs <n>', 'runs counted', wholeNumber(1), 50)
    .option('--cold-runs <n>', 'processes started, with kept times of kernels and as many without', wholeNumber(1), 5)
    .option('--json', 'as JSON, with the machine')
    .action(async (flags: Flags, command: Command) =>
      (await import('./latency/action.js')).measureLatency(flags, command),
    )
