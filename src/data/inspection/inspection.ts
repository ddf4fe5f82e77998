import { open } from 'node:fs/promises'
import path from 'node:path'
import { BadImage } from '../bad-image.js'
import type { LabelledImage } from '../class-folder.js'
import { requireSupported, unreadable } from '../decode.js'
import { type ImageFacts, type Oddity, odditiesOf, oddityNames, readImageFacts } from '../image-facts.js'
import type { BadImageNote } from '../loader.js'
import { PlaceReader } from '../place-reader.js'
import { countsOf, type Finding, judgeLabels } from './labels.js'
import type { Split } from './splits.js'
import { Twins } from './twins.js'

/** The least, the middle and the largest of some numbers. */
export interface Spread {
  readonly least: number
  readonly median: number
  readonly most: number
}

export interface SplitInspection {
  readonly name: string
  readonly title: string
  readonly root: string
  readonly images: number
  /** Images a class, by name. */
  readonly classes: Readonly<Record<string, number>>
  readonly bytes: number
  /** Of the images whose headers can be read; nothing where there are none. */
  readonly sizes: { readonly width: Spread; readonly height: Spread; readonly aspect: Spread } | undefined
  /** How many images of each format, by content. */
  readonly formats: Readonly<Record<string, number>>
  readonly oddities: readonly { readonly oddity: Oddity; readonly images: number; readonly first: readonly string[] }[]
  /** Images whose header cannot be read. Damage behind it is found by decoding only. */
  readonly bad: readonly BadImageNote[]
}

export interface Inspection {
  readonly splits: readonly SplitInspection[]
  readonly findings: readonly Finding[]
}

export interface InspectionOptions {
  /** Hears how many images of all have been looked at. */
  readonly progress?: (done: number) => void
  readonly signal?: AbortSignal
}

const filesAtOnce = 16
/** Enough to tell pictures of one camera and of one length from each other. */
const beginningBytes = 4096
const examples = 5

/** Looks at every image's header, at names and counts, and for images that are there twice. Throws the signal's reason. */
export async function inspectData(
  splits: readonly Split[],
  { progress = () => {}, signal }: InspectionOptions = {},
): Promise<Inspection> {
  const total = splits.reduce((sum, split) => sum + split.items.length, 0)
  const twins = new Twins(total)
  const inspected: SplitInspection[] = []
  await using reader = new PlaceReader()
  let before = 0
  for (const split of splits) {
    const first = before
    const survey = new Survey(split)
    await eachOf(split.items.keys(), async index => {
      signal?.throwIfAborted()
      const item = split.items[index]!
      try {
        // Of a whole file the header is read alone.
        const part = item.part && (await reader.read(item.part))
        const { bytes, beginning } = part
          ? { bytes: part.length, beginning: part.subarray(0, beginningBytes) }
          : await beginningOf(item.path)
        requireSupported(beginning)
        survey.add(index, bytes, await readImageFacts(part ?? item.path))
        twins.note(first + index, bytes, beginning)
      } catch (error) {
        if (!(error instanceof BadImage)) throw error
        survey.refuse(index, error.message)
      }
      progress(++before)
    })
    inspected.push(survey.result())
  }
  const groups = await twins.groups(index => locate(splits, index).item, signal)
  const copies = groups.map(group => sameImage(group.map(index => locate(splits, index))))
  return { splits: inspected, findings: [...judgeLabels(splits), ...copies] }
}

async function eachOf(upcoming: Iterator<number> & Iterable<number>, use: (index: number) => Promise<void>) {
  let failed = false
  const some = async () => {
    for (const index of upcoming) {
      if (failed) return
      await use(index).catch(error => {
        failed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, some))
}

async function beginningOf(file: string) {
  try {
    await using handle = await open(file)
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(new Uint8Array(beginningBytes), 0, beginningBytes, 0)
    return { bytes: size, beginning: buffer.subarray(0, bytesRead) }
  } catch (error) {
    throw unreadable(error)
  }
}

interface Located {
  readonly split: Split
  readonly item: LabelledImage
}

/** The image of a number that counts through all splits. */
function locate([split, ...others]: readonly Split[], index: number): Located {
  const { items } = split!
  return index < items.length ? { split: split!, item: items[index]! } : locate(others, index - items.length)
}

/** What makes a copy harmful: the images that measure are then among those learnt from, or one has two labels. */
function sameImage(found: readonly Located[]): Finding {
  const classes = new Set(found.map(({ split, item }) => split.classes[item.label] ?? ''))
  const harm = [
    ...(new Set(found.map(({ split }) => split)).size > 1 ? ['in both splits'] : []),
    ...(classes.size > 1 ? [`under ${classes.size} labels`] : []),
  ]
  const named = found.slice(0, examples).map(({ item }) => item.path)
  const more = found.length > examples ? ` and ${found.length - examples} more` : ''
  const said = harm.length > 0 ? ` ${harm.join(', ')}` : ''
  return {
    kind: 'same image',
    message: `the same image is there ${found.length} times${said}: ${named.join(', ')}${more}`,
  }
}

/** Gathers what is said of one split. */
class Survey {
  readonly #split: Split
  readonly #width: Float64Array
  readonly #height: Float64Array
  readonly #formats = new Map<string, number>()
  readonly #odd = new Map<Oddity, number[]>(oddityNames.map(name => [name, []]))
  readonly #bad = new Map<number, string>()
  #bytes = 0

  constructor(split: Split) {
    this.#split = split
    this.#width = new Float64Array(split.items.length)
    this.#height = new Float64Array(split.items.length)
  }

  add(index: number, bytes: number, facts: ImageFacts): void {
    this.#bytes += bytes
    this.#width[index] = facts.width
    this.#height[index] = facts.height
    this.#formats.set(facts.format, (this.#formats.get(facts.format) ?? 0) + 1)
    for (const oddity of odditiesOf(facts, this.#split.items[index]!.path)) this.#odd.get(oddity)!.push(index)
  }

  refuse(index: number, reason: string): void {
    this.#bad.set(index, reason)
  }

  result(): SplitInspection {
    const { name, title, root, items, classes } = this.#split
    const counts = countsOf(this.#split)
    const pathOf = (index: number) => path.relative(root, items[index]!.path)
    const read = [...items.keys()].filter(index => !this.#bad.has(index))
    const spread = (of: (index: number) => number) => spreadOf(Float64Array.from(read, of))
    return {
      ...{ name, title, root, images: items.length, bytes: this.#bytes },
      classes: Object.fromEntries(classes.map((each, label) => [each, counts[label]!])),
      sizes:
        read.length === 0
          ? undefined
          : {
              width: spread(i => this.#width[i]!),
              height: spread(i => this.#height[i]!),
              aspect: spread(i => this.#width[i]! / this.#height[i]!),
            },
      formats: Object.fromEntries([...this.#formats].sort(([, a], [, b]) => b - a)),
      oddities: [...this.#odd]
        .filter(([, found]) => found.length > 0)
        .map(([oddity, found]) => {
          found.sort((a, b) => a - b)
          return { oddity, images: found.length, first: found.slice(0, examples).map(pathOf) }
        }),
      bad: [...this.#bad].sort(([a], [b]) => a - b).map(([i, reason]) => ({ path: items[i]!.path, reason })),
    }
  }
}

/** Of at least one number; of an even count the lower middle, so that it is one of them. */
export function spreadOf(values: Float64Array): Spread {
  const sorted = values.toSorted()
  return { least: sorted[0]!, median: sorted[(sorted.length - 1) >> 1]!, most: sorted.at(-1)! }
}
