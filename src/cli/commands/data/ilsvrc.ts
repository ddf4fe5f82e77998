import { Command } from 'commander'

export interface Flags {
  out: string
  boxes?: string
  json?: boolean
}

export const ilsvrcCommand = (): Command =>
  new Command('ilsvrc')
    .description(
      "lists from ILSVRC-2012's development kit: classes by ID and by label, labels of the validation images; boxes",
    )
    .argument('<devkit>', 'ILSVRC2012_devkit_t12.tar.gz, or unpacked')
    .requiredOption('--out <folder>', 'where to write synsets.txt, classes.txt and val-labels.txt')
    .option(
      '--boxes <annotations>',
      'write boxes.csv of them too: ILSVRC2012_bbox_train_v2.tar.gz, or unpacked; training takes it as --boxes',
    )
    .option('--json', 'say what was written as JSON')
    .action(async (place: string, flags: Flags) => (await import('./ilsvrc/action.js')).writeLists(place, flags))
