import path from 'node:path'
import { UserError } from '../base/error.js'
import { formatCount } from '../base/format.js'
import { readLines, type TextLine } from '../formats/text-lines.js'
import type { ImageSet } from './class-folder.js'
import { nameWithin } from './image-place.js'

/**
 * Which images of a set a text file names: 1 for those, 0 for the others, in the set's order. A line is a path relative
 * to the set's folder (or to the folder above, such as val/…), a bare file name, or the number of an ILSVRC validation
 * image, which counts from 1: 7 is ILSVRC2012_val_00000007, as in ILSVRC's blacklist.
 *
 * Errors: `UserError` with file and line for an image that is not there, is named twice or could be several, and for a
 * file that names none.
 */
export const readImageList = (file: string, images: Pick<ImageSet, 'root' | 'items'>): Uint8Array =>
  imagesNamed(readLines(file), file, images)

/** As {@link readImageList}, of lines already read; `file` names them in errors. */
export function imagesNamed(
  lines: readonly TextLine[],
  file: string,
  { root, items }: Pick<ImageSet, 'root' | 'items'>,
): Uint8Array {
  if (lines.length === 0) throw new UserError(`${file} names no image: write one a line`)
  const directory = new Directory(root, items)
  const lineOf = new Map<number, number>()
  const named = new Uint8Array(items.length)
  for (const { number, text } of lines) {
    const found = directory.find(text)
    if (found.length !== 1) throw new UserError(`${file}, line ${number}: ${directory.fault(text, found)}`)
    const earlier = lineOf.get(found[0]!)
    if (earlier !== undefined)
      throw new UserError(
        `${file}, line ${number}: '${text}' was named in line ${earlier} already: remove one of the two`,
      )
    lineOf.set(found[0]!, number)
    named[found[0]!] = 1
  }
  return named
}

/** Finds images by what people call them. */
class Directory {
  readonly #root: string
  readonly #paths: readonly string[]
  readonly #byPath = new Map<string, readonly number[]>()
  readonly #byName = new Map<string, number[]>()
  /** By file name without its ending, for ILSVRC's validation images only. */
  readonly #byStem = new Map<string, number[]>()

  constructor(root: string, items: ImageSet['items']) {
    this.#root = root
    this.#paths = items.map(item => slashed(item.part ? nameWithin(item.path) : path.relative(root, item.path)))
    for (const [i, place] of this.#paths.entries()) {
      this.#byPath.set(place, [i])
      const name = path.posix.basename(place)
      append(this.#byName, name, i)
      const stem = name.slice(0, -path.posix.extname(name).length)
      const numbered = validationName.exec(stem)?.[0]
      if (numbered !== undefined) append(this.#byStem, numbered, i)
    }
  }

  find(text: string): readonly number[] {
    if (isNumber(text)) return this.#byStem.get(validationStem(text)) ?? []
    const place = path.posix.normalize(slashed(text))
    const exact = this.#byPath.get(place)
    if (exact !== undefined) return exact
    if (!place.includes('/')) return this.#byName.get(place) ?? []
    const above = `${path.basename(path.resolve(this.#root))}/`
    return place.startsWith(above) ? (this.#byPath.get(place.slice(above.length)) ?? []) : []
  }

  /** Why `text` is not the name of one image, and what to do. */
  fault(text: string, [first, second]: readonly number[]): string {
    if (first !== undefined && second !== undefined)
      return `'${text}' could be ${this.#paths[first]} or ${this.#paths[second]}: write its path relative to ${this.#root}`
    if (!isNumber(text)) return `there is no image '${text}' in ${this.#root}: correct the line or remove it`
    if (this.#byStem.size === 0)
      return `${text} is the number of an ILSVRC validation image, and ${this.#root} has none (${validationPrefix}….JPEG): write file names`
    return `there is no ${validationStem(text)} in ${this.#root}, which has ${formatCount(this.#byStem.size)} validation images, counted from 1: correct the line or remove it`
  }
}

const validationPrefix = 'ILSVRC2012_val_'
/** Hugging Face's files have the class behind the number. */
const validationName = /^ILSVRC2012_val_\d{8}(?=$|_n\d{8}$)/
const isNumber = (text: string) => /^\d+$/.test(text)
const validationStem = (number: string) => validationPrefix + number.replace(/^0+(?=\d)/, '').padStart(8, '0')

const slashed = (place: string) => (path.sep === '/' ? place : place.replaceAll(path.sep, '/'))

function append(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
