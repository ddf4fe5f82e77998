import { type Oddity, odditiesOf, oddityNames } from '../image-facts.js'
import type { BadImageNote } from '../loader.js'
import type { Answer, DecoderPool } from './decoder-pool.js'
import { comparePaths, type NamedImage } from './images.js'

/** What is known of a folder's images, or of its first ones. Paths are relative to the folder, with slashes. */
export interface Verification {
  readonly folder: string
  /** False where images are left that have not been decoded. */
  readonly complete: boolean
  /** The last path up to which all images have been decoded; nothing before the first. */
  readonly upTo: string | null
  readonly images: number
  readonly bytes: number
  /** Of work, over all parts of it. */
  readonly seconds: number
  /** Images of each format, by content. */
  readonly formats: Readonly<Record<string, number>>
  readonly oddities: Readonly<Partial<Record<Oddity, readonly string[]>>>
  /** Those that are no sound images. */
  readonly bad: readonly BadImageNote[]
  /** Those that the machine could not read, of which nothing is known. */
  readonly unread: readonly BadImageNote[]
}

export const nothingVerified = (folder: string): Verification => ({
  ...{ folder, complete: false, upTo: null, images: 0, bytes: 0, seconds: 0 },
  ...{ formats: {}, oddities: {}, bad: [], unread: [] },
})

export interface VerifyOptions {
  /** All of them, in the order of {@link comparePaths}. */
  readonly images: AsyncIterable<NamedImage> | Iterable<NamedImage>
  readonly pool: DecoderPool
  /** Images under way at once: twice the pool's processes keep them busy. */
  readonly atOnce: number
  /** A part of the work that is done already; of the same folder. */
  readonly from: Verification
  /** Hears after every image; asked for the state, it gets one that can be gone on from. */
  readonly progress?: (state: () => Verification) => void
  readonly signal?: AbortSignal
}

/**
 * Decodes every image. What is held in memory is the list of what is wrong or odd. An abort ends it after the images under
 * way; the result is then not complete, and can be gone on from.
 */
export async function verifyImages({
  images,
  pool,
  atOnce,
  from,
  progress = () => {},
  signal,
}: VerifyOptions): Promise<Verification> {
  const tally = new Tally(from)
  const underWay: { readonly name: string; readonly answer: Promise<Answer> }[] = []
  let upTo = from.upTo
  let complete = true
  const state = () => tally.result(upTo, false)
  const settleFirst = async () => {
    const { name, answer } = underWay[0]!
    // In their order, so that what is counted and how far it goes agree at every moment.
    tally.take(name, await answer)
    underWay.shift()
    if (upTo === null || comparePaths(name, upTo) > 0) upTo = name
    progress(state)
  }
  try {
    for await (const { name, image } of images) {
      if (from.upTo !== null && comparePaths(name, from.upTo) <= 0 && !tally.awaits(name)) continue
      if (underWay.length >= atOnce) await settleFirst()
      if (signal?.aborted) {
        complete = false
        break
      }
      underWay.push({ name, answer: pool.check(image) })
    }
    while (underWay.length > 0) await settleFirst()
  } finally {
    // Where one failed, the others must not be failures that nobody has heard of.
    await Promise.allSettled(underWay.map(({ answer }) => answer))
  }
  return tally.result(upTo, complete)
}

/** Counts what came of each image, on top of what was known before. */
class Tally {
  readonly #from: Verification
  readonly #formats: Map<string, number>
  readonly #oddities: Map<Oddity, string[]>
  readonly #bad: BadImageNote[]
  readonly #unread: BadImageNote[] = []
  /** Not read before, and to be tried again. */
  readonly #awaited: Map<string, BadImageNote>
  readonly #start = performance.now()
  #images: number
  #bytes: number

  constructor(from: Verification) {
    this.#from = from
    this.#images = from.images - from.unread.length
    this.#awaited = new Map(from.unread.map(note => [note.path, note]))
    this.#bytes = from.bytes
    this.#formats = new Map(Object.entries(from.formats))
    this.#oddities = new Map(oddityNames.map(name => [name, [...(from.oddities[name] ?? [])]]))
    this.#bad = [...from.bad]
  }

  awaits(name: string): boolean {
    return this.#awaited.has(name)
  }

  take(name: string, answer: Answer): void {
    this.#images++
    this.#awaited.delete(name)
    if (answer.kind !== 'sound') {
      const list = answer.kind === 'bad' ? this.#bad : this.#unread
      list.push({ path: name, reason: answer.reason })
      return
    }
    const { bytes, facts } = answer
    this.#bytes += bytes
    this.#formats.set(facts.format, (this.#formats.get(facts.format) ?? 0) + 1)
    for (const oddity of odditiesOf(facts, name)) this.#oddities.get(oddity)!.push(name)
  }

  result(upTo: string | null, complete: boolean): Verification {
    const byPath = (notes: readonly BadImageNote[]) => notes.toSorted((a, b) => comparePaths(a.path, b.path))
    // When all is done, those still awaited are no longer there.
    const awaited = complete ? [] : [...this.#awaited.values()]
    const odd = [...this.#oddities].filter(([, files]) => files.length > 0)
    return {
      ...{ folder: this.#from.folder, complete, upTo, images: this.#images + awaited.length, bytes: this.#bytes },
      seconds: this.#from.seconds + (performance.now() - this.#start) / 1000,
      formats: Object.fromEntries(this.#formats),
      oddities: Object.fromEntries(odd.map(([name, files]) => [name, files.toSorted(comparePaths)])),
      bad: byPath(this.#bad),
      unread: byPath([...awaited, ...this.#unread]),
    }
  }
}
