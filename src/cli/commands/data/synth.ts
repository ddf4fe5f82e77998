import { Command } from 'commander'
import { defaultSynthSettings as d } from '../../../data/synth/settings.js'
import { realNumber, wholeNumber } from '../../arguments.js'

export interface Flags {
  out: string
  seed: number
  train: number
  val: number
  classes: number
  size: number
  difficulty: number
  json?: boolean
}

export const synthCommand = (): Command =>
  new Command('synth')
    .description('a drawn data set of JPEG files in class folders: the same bytes on every machine')
    .requiredOption('--out <folder>', 'where to write train/<class>/*.jpg and val/<class>/*.jpg')
    .option('--seed <n>', 'decides every picture', wholeNumber(0), d.seed)
    .option('--train <n>', 'training pictures', wholeNumber(1), d.train)
    .option('--val <n>', 'validation pictures', wholeNumber(1), d.val)
    .option('--classes <n>', 'classes, 2 to 25', wholeNumber(2), d.classes)
    .option('--size <pixels>', 'side of the pictures', wholeNumber(8), d.size)
    .option('--difficulty <share>', 'from 0, plain, to 1, hardly to be told apart', realNumber(0, 1), d.difficulty)
    .option('--json', 'describe the data set as JSON')
    .action(async (flags: Flags) => (await import('./synth/action.js')).synth(flags))
