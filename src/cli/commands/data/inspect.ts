import { Command } from 'commander'
import type { LabelNumbering } from '../../../data/sources/class-names.js'
import { paperRecipe } from '../../../training/recipe.js'
import { oneOf, wholeNumber } from '../../arguments.js'
import { labelsOption } from '../../engine-options.js'
import { type AugmentationFlags, addAugmentationOptions } from '../train/augmentation.js'

export interface Flags extends AugmentationFlags {
  sheet?: string
  split?: 'train' | 'val'
  rows: number
  columns: number
  size: number
  colour: 'fast' | 'full' | 'none'
  labels: LabelNumbering
  seed: number
  json?: boolean
}

export const inspectDataCommand = (): Command =>
  addAugmentationOptions(new Command('inspect'))
    .description(
      'what a data folder holds: classes, counts, sizes, oddities, doubtful labels; images as training sees them',
    )
    .argument(
      '<folder>',
      'holds train/<class>/*.jpg and val/<class>/*.jpg, or the class folders, or images, or archives',
    )
    .option('--sheet <file>', 'write a PNG of images as they come out of augmentation, a row a class')
    .option(
      '--split <name>',
      'what the sheet shows: train, val (default: the first there is)',
      oneOf('split', ['train', 'val']),
    )
    .option('--rows <n>', 'classes on the sheet at most', wholeNumber(1, 200), 12)
    .option('--columns <n>', 'images of a class on the sheet at most', wholeNumber(1, 50), 8)
    .option('--size <pixels>', 'side of an image on the sheet', wholeNumber(16, 1024), 128)
    .option(
      '--colour <mode>',
      'distortion on the sheet: fast, full, none',
      oneOf('colour mode', ['fast', 'full', 'none']),
      paperRecipe.colour,
    )
    .option('--seed <n>', 'decides the augmentation on the sheet', wholeNumber(0), paperRecipe.seed)
    .addOption(labelsOption())
    .option('--json', 'as JSON')
    .action(async (folder: string, flags: Flags, command: Command) =>
      (await import('./inspect/action.js')).inspectDataFolder(folder, flags, command),
    )
