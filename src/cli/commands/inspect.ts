import { Command } from 'commander'
import type { BackendName, Precision } from '../../backends/backend.js'
import type { Passes } from '../../graph/passes/pass-names.js'
import type { Recomputation } from '../../graph/passes/recompute.js'
import { wholeNumber } from '../arguments.js'
import {
  backendOption,
  freezeOption,
  passesOption,
  precisionOption,
  recomputeOption,
  replicaTimeoutOption,
  threadsOption,
} from '../engine-options.js'
import { addModelOptions, classesOption, type ModelFlags } from '../model-options.js'

export interface Flags extends ModelFlags {
  classes?: number
  batch?: number
  train?: boolean
  program?: boolean
  trace?: string
  recompute: Recomputation
  freeze?: string[]
  precision: Precision | 'auto'
  threads?: number
  backend: BackendName
  passes: Passes
  graph?: boolean
  replicaTimeout: number
  json?: boolean
}

export const inspectCommand = (): Command =>
  addModelOptions(
    new Command('inspect')
      .description("a network's stages: shapes, parameters, multiply-adds; its memory, kernels and times")
      .argument('<network>', 'see: inception networks'),
  )
    .addOption(classesOption())
    .option('--batch <n>', 'show where the memory goes with so many images at a time', wholeNumber(1))
    .option('--train', 'of a training step rather than of inference')
    .addOption(recomputeOption())
    .addOption(freezeOption())
    .option('--program', 'run once and list every kernel: implementation, layout, bytes, time')
    .option('--trace <file>', 'run once and write a trace for chrome://tracing; under mpirun, of all replicas')
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(backendOption())
    .addOption(passesOption())
    .option('--graph', 'print the evaluation graph, a line a node')
    .option('--json', 'as JSON')
    .addOption(replicaTimeoutOption())
    .action(async (id: string, flags: Flags) => (await import('./inspect/action.js')).inspect(id, flags))
