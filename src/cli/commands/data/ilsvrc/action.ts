import path from 'node:path'
import { UserError } from '../../../../base/error.js'
import { formatCount } from '../../../../base/format.js'
import { boxesIn } from '../../../../data/box-file.js'
import { boxLines } from '../../../../data/box-table.js'
import { openDevkit } from '../../../../data/ilsvrc-devkit.js'
import { ilsvrcLists } from '../../../../data/ilsvrc-lists.js'
import { writeText } from '../../../../formats/atomic-file.js'
import { expectFree, writeNewFolder } from '../../../../formats/new-folder.js'
import { ProgressLine } from '../../../progress-line.js'
import { warn } from '../../../warn.js'
import type { Flags } from '../ilsvrc.js'

export async function writeLists(place: string, { out, boxes, json }: Flags): Promise<void> {
  expectFree(out)
  const devkit = await openDevkit(place)
  const { files, isImagenet } = ilsvrcLists(devkit)
  if (!isImagenet) warn(`the classes of ${devkit.place} are not ILSVRC-2012's thousand: public weights have others`)
  const table = boxes === undefined ? undefined : await tableOf(boxes)
  const texts = { ...files, ...(table && { 'boxes.csv': table.text }) }
  await writeNewFolder(out, async partial => {
    for (const [name, text] of Object.entries(texts)) writeText(path.join(partial, name), text)
  })
  const [classes, images] = [devkit.wnids.length, devkit.groundTruth.length]
  const written = Object.keys(texts).map(name => path.join(out, name))
  if (json) console.log(JSON.stringify({ classes, images, isImagenet, ...table?.counts, written }, undefined, 2))
  else
    console.log(
      `${written.join(', ')}: ${formatCount(classes)} classes and the labels of ${formatCount(images)} validation images${table ? `, ${formatCount(table.counts.boxes)} boxes in ${formatCount(table.counts.boxedImages)} images` : ''}`,
    )
}

/** Errors: `UserError` where nothing is annotated there. */
async function tableOf(place: string) {
  const line = new ProgressLine(process.stderr)
  const lines: string[] = []
  let [files, boxes] = [0, 0]
  try {
    for await (const found of boxesIn(place)) {
      if (++files % 1000 === 0) line.update(`annotations read: ${formatCount(files)}`)
      if (found.boxes.length === 0) continue
      boxes += found.boxes.length / 4
      lines.push(boxLines(found))
    }
  } finally {
    line.end()
  }
  if (boxes === 0) throw new UserError(`${place} holds no boxes: give ILSVRC2012_bbox_train_v2.tar.gz, or unpacked`)
  return { text: lines.join(''), counts: { boxes, boxedImages: lines.length } }
}
