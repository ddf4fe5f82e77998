import { Command } from 'commander'
import type { BackendName } from '../../backends/backend.js'
import type { LabelNumbering } from '../../data/sources/class-names.js'
import { presets } from '../../study/presets/presets.js'
import { backendOption, boxesOption, labelsOption, precisionOption, threadsOption } from '../engine-options.js'

export interface Flags {
  preset: string
  out?: string
  data?: string
  labels: LabelNumbering
  boxes?: string
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  exclude?: string
  dryRun?: boolean
}

export const reproduceCommand = (): Command =>
  new Command('reproduce')
    .description("the paper's study: train the networks side by side, evaluate, ensemble, report; run again to go on")
    .option('--preset <name>', `${Object.keys(presets).join(', ')}, or a preset file (docs/presets.md)`, 'quick')
    .option('--out <folder>', "the study's folder (default: runs/<preset>)")
    .option('--data <folder>', 'images to use instead of drawn pictures: class folders, or archives (docs/imagenet.md)')
    .addOption(labelsOption())
    .addOption(boxesOption())
    .option('--exclude <file>', "validation images to leave out of the single crop, such as ILSVRC's blacklist")
    .option('--dry-run', 'only predict time and memory, from a few steps of each network')
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .action(async (flags: Flags) => (await import('./reproduce/action.js')).reproduceStudy(flags))
