import { UserError } from '../base/error.js'
import { imagenetClasses } from '../data/imagenet-classes.js'
import { readLines } from '../formats/text-lines.js'

/** ImageNet's classes after TF-Slim's unused class 0, which older ports kept. */
const withBackground = imagenetClasses.length + 1

/** What the rows of a file's logits are. */
export interface ClassRows {
  readonly names: readonly string[]
  /** How many rows before the first class are dropped. */
  readonly background: 0 | 1
}

/**
 * Names for the rows of logits: those of a text file, one a line in the order of the rows; without one, ImageNet's WNIDs
 * for 1000 rows, else class_0000, class_0001 … Of 1001 rows without names, or with 1000, the first is TF-Slim's background.
 *
 * Errors: `UserError` where the file has another number of names, a name twice, or ImageNet's WNIDs out of order.
 */
export function classRows(rows: number, file: string | undefined): ClassRows {
  if (file === undefined) {
    const background = rows === withBackground ? 1 : 0
    const classes = rows - background
    const names =
      classes === imagenetClasses.length
        ? imagenetClasses.map(({ wnid }) => wnid)
        : Array.from({ length: classes }, (_, i) => numbered(i))
    return { names, background }
  }
  const lines = readLines(file)
  const background = rows === withBackground && lines.length === imagenetClasses.length ? 1 : 0
  if (lines.length !== rows - background)
    throw new UserError(`${file} names ${lines.length} classes, and the weights have ${rows}: write one a line`)
  const lineOf = new Map<string, number>()
  for (const { text, number } of lines) {
    const earlier = lineOf.get(text)
    if (earlier !== undefined)
      throw new UserError(`${file}, line ${number}: '${text}' stands in line ${earlier} already: remove one of the two`)
    lineOf.set(text, number)
  }
  const names = lines.map(({ text }) => text)
  expectWnidOrder(names, file)
  return { names, background }
}

const numbered = (i: number) => `class_${String(i).padStart(4, '0')}`

/** Every library orders ImageNet's classes by WNID; the devkit's own numbers (ILSVRC2012_ID) are in another order. */
function expectWnidOrder(names: readonly string[], file: string): void {
  if (names.length !== imagenetClasses.length || !names.every(name => /^n\d{8}$/.test(name))) return
  const place = names.findIndex((name, i) => i > 0 && name < names[i - 1]!)
  if (place >= 0)
    throw new UserError(
      `${file}: ${names[place]} comes after ${names[place - 1]}, and weights for ImageNet have its classes in the order of their WNIDs: sort the lines`,
    )
}
