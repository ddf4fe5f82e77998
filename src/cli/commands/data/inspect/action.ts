import type { Command } from 'commander'
import { UserError } from '../../../../base/error.js'
import { formatBytes, formatCount, formatTable } from '../../../../base/format.js'
import { plainAugmentation } from '../../../../data/augmentation.js'
import { boxSourceOf, chooseBoxes } from '../../../../data/box-source.js'
import { type ContactSheetOptions, drawContactSheet } from '../../../../data/inspection/contact-sheet.js'
import { type Inspection, inspectData, type SplitInspection } from '../../../../data/inspection/inspection.js'
import { listSplits, type Split } from '../../../../data/inspection/splits.js'
import type { TrainPreprocessing } from '../../../../data/preprocessing.js'
import { expectFilePlace, writeAtomically } from '../../../../formats/atomic-file.js'
import { interruptSignal } from '../../../interrupt.js'
import { lookingThrough } from '../../../looking-through.js'
import { ProgressLine } from '../../../progress-line.js'
import { warn } from '../../../warn.js'
import { augmentationOf } from '../../train/augmentation.js'
import type { Flags } from '../inspect.js'

export async function inspectDataFolder(folder: string, flags: Flags, command: Command): Promise<void> {
  const drawing = drawingOf(flags, command)
  if (flags.sheet !== undefined) expectFilePlace(flags.sheet)
  const splits = await lookingThrough(options => listSplits(folder, { ...options, labels: flags.labels }))
  const shown = flags.sheet === undefined ? undefined : chooseSplit(splits, folder, flags.split)
  const total = splits.reduce((sum, { items }) => sum + items.length, 0)
  const signal = interruptSignal('stopping')
  const line = new ProgressLine(process.stderr)
  const inspection = await inspectData(splits, {
    signal,
    progress: done => line.update(`looking at ${formatCount(done)} of ${formatCount(total)} images`),
  }).finally(() => line.end())
  if (shown) await writeSheet(shown, flags, { preprocessing: drawing, signal })
  console.log(flags.json ? JSON.stringify(inspection, undefined, 2) : describe(inspection))
}

function chooseSplit(splits: readonly Split[], folder: string, name: string | undefined): Split {
  const filled = splits.filter(({ items }) => items.length > 0)
  const found = name === undefined ? filled[0] : filled.find(split => split.name === name)
  if (!found) throw new UserError(`${folder} has no images in '${name}' to show: leave --split out`, 2)
  return found
}

/** What training with these options would do to an image. */
function drawingOf(flags: Flags, command: Command): TrainPreprocessing {
  const { size, colour } = flags
  const given = command.getOptionValueSource('colour') === 'cli'
  return { kind: 'train', size, colour, ...augmentationOf(flags, given ? colour : undefined) }
}

async function writeSheet(
  split: Split,
  { sheet, rows, columns, seed, boxes: asked }: Flags,
  { preprocessing, signal }: Pick<ContactSheetOptions, 'preprocessing' | 'signal'>,
) {
  const { style } = preprocessing.augmentation ?? plainAugmentation
  const boxes = chooseBoxes(asked === undefined ? undefined : await boxSourceOf(asked), split, { style, tell: warn })
  const options = { preprocessing, ...(boxes && { boxes }), seed, rows, columns, ...(signal && { signal }) }
  const { png, captioned } = await drawContactSheet(split, options)
  writeAtomically(sheet!, out => out.append(png))
  if (!captioned) warn(`${sheet} has no class names: the system has no fonts; install some, such as fonts-dejavu-core`)
}

const describe = ({ splits, findings }: Inspection): string =>
  [
    ...splits.map(describeSplit),
    ...(findings.length === 0 ? ['nothing doubtful about the labels'] : findings.map(each => `note: ${each.message}`)),
  ].join('\n')

/** Bad images and examples of oddities beyond these are in the JSON. */
const mostListed = 20

function describeSplit({ title, images, classes, bytes, sizes, formats, oddities, bad }: SplitInspection): string {
  const byCount = Object.entries(classes).sort(([, a], [, b]) => a - b)
  const lines = [
    `${title}: ${formatCount(images)} images in ${formatCount(byCount.length)} classes, ${formatBytes(bytes)}`,
  ]
  if (byCount.length > 0) {
    const say = ([name, count]: readonly [string, number]) => `${formatCount(count)} (${name})`
    const middle = byCount[(byCount.length - 1) >> 1]!
    lines.push(
      `images a class: least ${say(byCount[0]!)}, median ${formatCount(middle[1])}, most ${say(byCount.at(-1)!)}`,
    )
  }
  const kinds = Object.entries(formats).map(([format, count]) => `${formatCount(count)} ${format}`)
  if (sizes) {
    const { width, height, aspect } = sizes
    lines.push(`formats: ${kinds.join(', ')}`)
    lines.push(
      formatTable(
        ['', 'least', 'median', 'most'],
        [
          ['width', ...[width.least, width.median, width.most].map(formatCount)],
          ['height', ...[height.least, height.median, height.most].map(formatCount)],
          ['width / height', ...[aspect.least, aspect.median, aspect.most].map(value => value.toFixed(2))],
        ],
      ),
    )
  }
  for (const { oddity, images: count, first } of oddities)
    lines.push(`${oddity}: ${formatCount(count)}, such as ${first[0]}`)
  for (const { path, reason } of bad.slice(0, mostListed)) lines.push(`bad image ${path}: ${reason}`)
  if (bad.length > mostListed)
    lines.push(`… and ${formatCount(bad.length - mostListed)} bad images more (--json lists all)`)
  return `${lines.join('\n')}\n`
}
