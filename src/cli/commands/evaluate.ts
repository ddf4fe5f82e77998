import { Command } from 'commander'
import type { BackendName } from '../../backends/backend.js'
import { type SingleCrop, singleCrops } from '../../data/crops/protocol.js'
import type { BadImagePolicy } from '../../data/quarantine.js'
import type { Passes } from '../../graph/passes/pass-names.js'
import { oneOf } from '../arguments.js'
import {
  backendOption,
  dataPolicyOption,
  labelsOption,
  passesOption,
  precisionOption,
  replicaTimeoutOption,
  threadsOption,
} from '../engine-options.js'
import type { ImageFlags } from './evaluate/images.js'

export interface Flags extends ImageFlags {
  checkpoint: string[]
  crops: '1' | '10' | '12' | '144' | 'dense'
  single?: SingleCrop
  badImages: BadImagePolicy
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  replicaTimeout: number
  passes: Passes
  json?: boolean
}

export const evaluateCommand = (): Command =>
  new Command('evaluate')
    .description('top-1 and top-5 error of a checkpoint, or of several averaged; one crop an image or many')
    .requiredOption('--checkpoint <file...>', 'checkpoint files, or run folders for their newest one')
    .requiredOption(
      '--data <folder>',
      'holds val/<class>/*.jpg, or the class folders, or images without class folders, or archives',
    )
    .option(
      '--crops <how many>',
      'views of an image to average: 1, 10, 12, 144, or dense for the whole image',
      oneOf('number of crops', ['1', '10', '12', '144', 'dense']),
      '1',
    )
    .option(
      '--single <way>',
      "how the one crop is cut: slim (TF-Slim's, without the aspect), timm, torchvision or vgg (TF-Slim's for ResNet) (default: as the checkpoint says, or slim)",
      oneOf('way to cut', singleCrops),
    )
    .option('--ground-truth <file>', 'classes of images without class folders: a line an image, by file name')
    .option('--synsets <file>', "ILSVRC2012's numbers of classes: line n is the WNID of number n")
    .option('--list <file>', 'report on these images as well: a line an image, its path, file name or ILSVRC number')
    .option('--exclude <file>', 'report on all but these images as well')
    .option('--submission <file>', "write the five best classes of each image in the form of ILSVRC's test server")
    .option('--out <folder>', 'write the results there, as JSON and tables')
    .addOption(labelsOption())
    .addOption(dataPolicyOption())
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(passesOption())
    .option('--json', 'as JSON')
    .addOption(replicaTimeoutOption())
    .action(async (flags: Flags) => (await import('./evaluate/action.js')).evaluateCheckpoints(flags))
