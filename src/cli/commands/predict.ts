import { Command } from 'commander'
import type { BackendName } from '../../backends/backend.js'
import { oneOf, wholeNumber } from '../arguments.js'
import { backendOption, badImagesOption, precisionOption, threadsOption } from '../engine-options.js'

export interface Flags {
  checkpoint: string
  top: number
  crops: '1' | '10' | '12' | '144'
  resize: 'crop' | 'none'
  logits?: boolean
  explain?: string
  class?: string
  embed?: string
  badImages: 'error' | 'skip'
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  json?: boolean
}

export const predictCommand = (): Command =>
  new Command('predict')
    .description('what is in an image: the best classes, features, and where in the image they come from')
    .argument('<image...>', "files, folders with all below them, patterns in quotes, or '-' for one on standard input")
    .requiredOption('--checkpoint <file>', 'a checkpoint file, or a run folder for its newest one')
    .option('--top <n>', 'how many classes to give, best first', wholeNumber(1), 5)
    .option(
      '--crops <how many>',
      'views of an image to average: 1, 10, 12 or 144',
      oneOf('number of crops', ['1', '10', '12', '144']),
      '1',
    )
    .option(
      '--resize <how>',
      "crop: cut and resized as the checkpoint says; none: an image of the network's size as it is",
      oneOf('way to resize', ['crop', 'none']),
      'crop',
    )
    .option('--logits', 'give the logits of all classes too')
    .option('--explain <folder>', 'draw there what speaks for the class (Grad-CAM), a PNG an image')
    .option('--class <name>', 'explain this class (default: the best one of each image)')
    .option('--embed <file>', 'write the features of all images there, a row each (.npy)')
    .addOption(badImagesOption())
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .option('--json', 'as JSON: an array with an object an image')
    .action(async (words: string[], flags: Flags) => (await import('./predict/action.js')).predictImages(words, flags))
