import path from 'node:path'
import { Command } from 'commander'
import { formatCount } from '../../../base/format.js'
import { openDevkit } from '../../../data/ilsvrc-devkit.js'
import { ilsvrcLists } from '../../../data/ilsvrc-lists.js'
import { writeText } from '../../../formats/atomic-file.js'
import { expectFree, writeNewFolder } from '../../../formats/new-folder.js'
import { warn } from '../../warn.js'

interface Flags {
  out: string
  json?: boolean
}

export const ilsvrcCommand = (): Command =>
  new Command('ilsvrc')
    .description(
      "lists from ILSVRC-2012's development kit: classes by ID and by label, labels of the validation images",
    )
    .argument('<devkit>', 'ILSVRC2012_devkit_t12.tar.gz, or unpacked')
    .requiredOption('--out <folder>', 'where to write synsets.txt, classes.txt and val-labels.txt')
    .option('--json', 'say what was written as JSON')
    .action(async (place: string, { out, json }: Flags) => {
      expectFree(out)
      const devkit = await openDevkit(place)
      const { files, isImagenet } = ilsvrcLists(devkit)
      if (!isImagenet) warn(`the classes of ${devkit.place} are not ILSVRC-2012's thousand: public weights have others`)
      await writeNewFolder(out, async partial => {
        for (const [name, text] of Object.entries(files)) writeText(path.join(partial, name), text)
      })
      const [classes, images] = [devkit.wnids.length, devkit.groundTruth.length]
      const written = Object.keys(files).map(name => path.join(out, name))
      if (json) console.log(JSON.stringify({ classes, images, isImagenet, written }, undefined, 2))
      else
        console.log(
          `${written.join(', ')}: ${formatCount(classes)} classes and the labels of ${formatCount(images)} validation images`,
        )
    })
