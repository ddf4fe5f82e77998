import { Command } from 'commander'
import type { BackendName } from '../../../backends/backend.js'
import type { Passes } from '../../../graph/passes/pass-names.js'
import type { Recomputation } from '../../../graph/passes/recompute.js'
import type { Benchmark } from '../../../study/bench/benchmark.js'
import { wholeNumber } from '../../arguments.js'
import { backendOption, freezeOption, passesOption, recomputeOption } from '../../engine-options.js'
import { addNetworkOptions, type NetworkFlags } from './network-options.js'

export interface Flags extends NetworkFlags {
  backend: BackendName
  warmup: number
  runs: number
  recompute: Recomputation
  freeze?: string[]
  limit?: boolean
  passes: Passes
  kernels?: number | true
  json?: boolean
}

/** `bench train` and `bench infer`. */
export const workCommand = (work: Benchmark['work'], description: string): Command =>
  addNetworkOptions(new Command(work).description(description))
    .addOption(backendOption())
    .addOption(passesOption())
    .addOption(recomputeOption())
    .addOption(freezeOption())
    .option('--warmup <n>', 'runs not counted', wholeNumber(0), 3)
    .option('--runs <n>', 'runs counted', wholeNumber(1), 10)
    .option('--limit', 'compare with its convolutions and matrix products, each timed alone at its best')
    .option('--kernels [n]', 'show the n kernels that take longest in one more run', wholeNumber(1))
    .option('--json', 'as JSON, with the machine')
    .action(async (flags: Flags) => (await import('./work/action.js')).measureWork(flags, work))
