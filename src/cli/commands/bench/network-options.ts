import type { Command } from 'commander'
import type { Precision } from '../../../backends/backend.js'
import { wholeNumber } from '../../arguments.js'
import { precisionOption, threadsOption } from '../../engine-options.js'
import { addModelOptions, classesOption, type ModelFlags } from '../../model-options.js'

/** What is measured, and with what. */
export interface NetworkFlags extends ModelFlags {
  network: string
  classes?: number
  batch: number
  precision: Precision | 'auto'
  threads?: number
}

export const addNetworkOptions = (command: Command): Command =>
  addModelOptions(command)
    .option('--network <id>', 'see: inception networks', 'inception-resnet-v2-slim')
    .addOption(classesOption())
    .option('--batch <n>', 'images at a time', wholeNumber(1), 8)
    .addOption(precisionOption())
    .addOption(threadsOption())
