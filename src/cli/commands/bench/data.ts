import { Command } from 'commander'
import { mostThreads, usableCores } from '../../../base/threads.js'
import type { LabelNumbering } from '../../../data/sources/class-names.js'
import { type Protocol, protocols } from '../../../study/bench/protocols.js'
import { oneOf, wholeNumber } from '../../arguments.js'
import { labelsOption } from '../../engine-options.js'

export interface Flags {
  data?: string
  labels: LabelNumbering
  size: number
  batch: number
  batches: number
  workers: number
  protocol?: Protocol
  scaledDecoding?: boolean
  json?: boolean
}

export const benchDataCommand = (): Command =>
  new Command('data')
    .description('the input pipeline: images a second from JPEG files to batches, against the decoder alone')
    .option(
      '--data <folder>',
      'class folders, or archives: see docs/imagenet.md (default: drawn pictures as large as photographs)',
    )
    .addOption(labelsOption())
    .option('--size <pixels>', "side of the network's input", wholeNumber(1), 299)
    .option('--batch <n>', 'images a batch', wholeNumber(1), 32)
    .option('--batches <n>', 'batches for each figure', wholeNumber(1), 12)
    .option('--workers <n>', 'from 1 to so many worker processes', wholeNumber(1, mostThreads), usableCores())
    .option('--protocol <name>', `only this one of: ${protocols.join(', ')}`, oneOf('protocol', protocols))
    .option('--scaled-decoding', 'as in training with this option')
    .option('--json', 'as JSON, with the machine')
    .action(async (flags: Flags) => (await import('./data/action.js')).measureData(flags))
