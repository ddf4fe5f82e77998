import { Command, Option } from 'commander'
import { type ReducePrecision, reducePrecisions } from '../../../communication/communicator.js'
import { defaultBucketBytes } from '../../../graph/reduceTogether.js'
import { oneOf, positiveNumber, wholeNumber } from '../../arguments.js'
import { replicaTimeoutOption } from '../../engine-options.js'
import { addModelOptions, classesOption, type ModelFlags } from '../../model-options.js'

export interface Flags extends ModelFlags {
  network: string
  classes?: number
  bucket: number[]
  reducePrecision?: ReducePrecision
  warmup: number
  runs: number
  replicaTimeout: number
  json?: boolean
}

const mebibyte = 2 ** 20
const mebibytes = (text: string): number[] => text.split(',').map(positiveNumber())

export const benchCommunicationCommand = (): Command =>
  addModelOptions(
    new Command('communication').description(
      "under mpirun: summing a network's gradients over all replicas, with nothing to compute meanwhile",
    ),
  )
    .option('--network <id>', 'see: inception networks', 'inception-v4')
    .addOption(classesOption())
    .option('--bucket <MiB>', 'the most that is sent together; several sizes by commas', mebibytes, [
      defaultBucketBytes / mebibyte,
    ])
    .addOption(
      new Option('--reduce-precision <type>', `only this one of: ${reducePrecisions.join(', ')}`).argParser(
        oneOf('precision', reducePrecisions),
      ),
    )
    .option('--warmup <n>', 'runs not counted', wholeNumber(0), 2)
    .option('--runs <n>', 'runs counted', wholeNumber(1), 10)
    .option('--json', 'as JSON, with the machine')
    .addOption(replicaTimeoutOption())
    .action(async (flags: Flags) => (await import('./communication/action.js')).measureCommunication(flags))
