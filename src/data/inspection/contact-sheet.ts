import { formatCount } from '../../base/format.js'
import { type BoxSource, openBoxes } from '../box-source.js'
import type { ImageSet } from '../class-folder.js'
import { labelOf } from '../imagenet-classes.js'
import { Loader } from '../loader.js'
import { inputExtent, type TrainPreprocessing } from '../preprocessing.js'
import { sharp } from '../sharp.js'
import { countsOf } from './labels.js'
import type { Split } from './splits.js'

export interface ContactSheetOptions {
  /** What training does to an image; its size is a cell's. */
  readonly preprocessing: TrainPreprocessing
  /** Whose boxes crops look at. @default 'none' */
  readonly boxes?: BoxSource
  readonly seed: number
  /** Classes at most, evenly over their list. */
  readonly rows: number
  /** Images of a class at most, evenly over its list. */
  readonly columns: number
  readonly signal?: AbortSignal
}

export interface ContactSheet {
  readonly png: Buffer
  /** False where the system has no font to write class names in. */
  readonly captioned: boolean
}

const gap = 4
const captionHeight = 24
const paper = 0xf4
/** Where an image cannot be read. */
const missing = [0xb0, 0x20, 0x20] as const

/**
 * Draws images of a split as they come out of the loader that trains: decoded, cropped, resized, mirrored and coloured. A
 * row is a class, with its label, name and number of images above it; an image that cannot be read is a red cell.
 */
export async function drawContactSheet(split: Split, options: ContactSheetOptions): Promise<ContactSheet> {
  const { preprocessing, boxes: source = 'none', columns, seed, signal } = options
  const { width, height } = inputExtent(preprocessing)
  const rows = chooseRows(split, options)
  const columnsUsed = rows.reduce((most, { items }) => Math.max(most, items.length), 0)
  const sheet = {
    width: gap + columnsUsed * (width + gap),
    height: gap + rows.length * (captionHeight + height + gap),
  }
  const rgb = Buffer.alloc(sheet.width * sheet.height * 3, paper)
  const places = rows.flatMap(({ items }, row) => items.map((_, column) => ({ row, column })))
  const set: ImageSet = { ...split, items: rows.flatMap(({ items }) => items) }
  const boxes = await openBoxes(source, set)
  const loader = new Loader(set, {
    ...{ batch: Math.min(columns, set.items.length), preprocessing, seed, badImages: 'skip', partial: true },
    ...{ cacheBytes: 0, ...(boxes && { boxes }), ...(signal && { signal }) },
  })
  try {
    let done = 0
    for await (const { images, weights, count } of loader.pass())
      for (let i = 0; i < count; i++, done++) {
        const { row, column } = places[done]!
        const top = gap + row * (captionHeight + height + gap) + captionHeight
        const left = gap + column * (width + gap)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            for (let c = 0; c < 3; c++) {
              const value = images[((i * height + y) * width + x) * 3 + c]!
              rgb[((top + y) * sheet.width + left + x) * 3 + c] =
                weights[i] === 0 ? missing[c]! : Math.round(Math.min(255, Math.max(0, (value + 1) * 127.5)))
            }
      }
  } finally {
    await loader.close()
  }
  const picture = sharp(rgb, { raw: { ...sheet, channels: 3 } })
  const captioned = await hasFonts()
  if (captioned) picture.composite([{ input: captions(rows, sheet, height) }])
  return { png: await picture.removeAlpha().png().toBuffer(), captioned }
}

interface Row {
  readonly caption: string
  readonly items: ImageSet['items']
}

function chooseRows(split: Split, { rows, columns }: ContactSheetOptions): Row[] {
  const { classes, items } = split
  if (classes.length === 0)
    return [{ caption: `${formatCount(items.length)} images without labels`, items: spaced(items, columns) }]
  const counts = countsOf(split)
  const filled = [...classes.keys()].filter(label => counts[label]! > 0)
  return spaced(filled, rows).map(label => {
    const name = classes[label]!
    const words = labelOf(name) === name ? name : `${name} ${labelOf(name)}`
    return {
      caption: `${label}  ${words}  (${formatCount(counts[label]!)})`,
      items: spaced(
        items.filter(item => item.label === label),
        columns,
      ),
    }
  })
}

/** At most `count` of a list, evenly over it. */
const spaced = <T>(list: readonly T[], count: number): T[] =>
  list.length <= count
    ? [...list]
    : Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]!)

function captions(
  rows: readonly Row[],
  sheet: { readonly width: number; readonly height: number },
  height: number,
): Buffer {
  const texts = rows.map(({ caption }, row) => {
    const y = gap + row * (captionHeight + height + gap) + captionHeight - 8
    return `<text x="${gap}" y="${y}">${escaped(caption)}</text>`
  })
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sheet.width}" height="${sheet.height}"><g font-family="sans-serif" font-size="14" fill="#222">${texts.join('')}</g></svg>`,
  )
}

/** Names of folders may hold anything; XML allows no control characters at all. */
const escaped = (text: string): string =>
  text.replace(/\p{C}/gu, '\u{fffd}').replace(/[&<>"']/g, character => `&#${character.codePointAt(0)};`)

/** Without any font every letter is the same empty box, or nothing. */
async function hasFonts(): Promise<boolean> {
  const widthOf = async (text: string) => (await sharp({ text: { text, dpi: 144 } }).metadata()).width
  try {
    return (await widthOf('i')) !== (await widthOf('W'))
  } catch {
    return false
  }
}
