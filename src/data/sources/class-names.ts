import path from 'node:path'
import { UserError } from '../../base/error.js'
import { readLines } from '../../formats/text-lines.js'
import { statOf } from '../folder-entries.js'

/** What a label in a file says, as a place in the list of classes. */
export interface ClassNames {
  readonly classes: readonly string[]
  /** By what stands in the files. */
  readonly labelOf: ReadonlyMap<string, number>
}

/** From which number classes count: 0; 1, after a background that no image shows; or what the data tells. */
export const labelNumberings = ['auto', 'from-zero', 'from-one'] as const
export type LabelNumbering = (typeof labelNumberings)[number]

/** What a file that holds images calls the classes with the numbers 0, 1, … */
export interface NamesInFile {
  readonly file: string
  readonly names: readonly string[]
}

export interface NamingOptions {
  /** @default 'auto' */
  readonly numbering?: LabelNumbering | undefined
  /** @default the files say none */
  readonly own?: NamesInFile | undefined
}

/** Classes by number are named in one of these, beside the images. */
const namesFile = 'classes.txt'
const numberedNamesFile = 'labels.txt'

/** Beyond any data set, and small enough for a list of all numbers below. */
const mostClasses = 1_000_000

/**
 * The classes that labels name. Names stand in code unit order. Numbers keep theirs, whether they count from 0 or, as
 * TF-Slim's for ImageNet, from 1: then 0, the background, never occurs. Where `numbering` does not say so, they count from
 * 1 when no label is 0. Their names come from classes.txt in `folder` (a line a class; of `n01440764 tench` the WNID) or
 * from labels.txt, as TF-Slim writes it (`0:daisy`); without either,
 * what the files of images say (`own`) counts, and else a class is called by its number.
 *
 * Errors: `UserError` when the file of names or `numbering` does not fit the numbers, when it cannot be told from which
 * number the names count, and for a `numbering` of classes that have names.
 */
export async function classNamesOf(
  labels: ReadonlySet<string>,
  folder: string,
  { numbering = 'auto', own }: NamingOptions = {},
): Promise<ClassNames> {
  if (![...labels].every(label => /^\d{1,15}$/.test(label))) {
    expectNoNumbering(folder, { labels: numbering })
    const classes = [...labels].sort()
    return { classes, labelOf: new Map(classes.map((name, label) => [name, label])) }
  }
  let [least, most] = [Number.POSITIVE_INFINITY, 0]
  for (const label of labels) {
    least = Math.min(least, Number(label))
    most = Math.max(most, Number(label))
  }
  if (most >= mostClasses)
    throw new UserError(`${folder} has a class with the number ${most}: number classes from 0 or 1`)
  const said = numbering === 'auto' ? undefined : numbering === 'from-one' ? 1 : 0
  if (least < (said ?? 0))
    throw new UserError(
      `${folder} has images of the class 0, so that its classes do not count from 1: leave --labels out`,
    )
  const beside = (await numberedNames(folder)) ?? (await namesInOrder(folder, { least, most, said }))
  const named = beside ?? (own && distinct({ ...own, first: 0 }))
  if (named && said !== undefined && named.first !== said)
    throw new UserError(
      `${named.file} names classes from ${named.first} on, not from ${said}: correct it, or leave --labels out`,
    )
  const first = named?.first ?? said ?? Math.min(least, 1)
  const width = String(most).length
  const classes =
    named?.names ?? Array.from({ length: most - first + 1 }, (_, i) => `${first + i}`.padStart(width, '0'))
  const place = (label: string) => Number(label) - first
  const stranger = [...labels].find(label => classes[place(label)] === undefined)
  if (stranger !== undefined)
    throw new UserError(`${named?.file} names no class ${stranger}, which images have: add its line`)
  return { classes, labelOf: new Map([...labels].map(label => [label, place(label)])) }
}

/** Errors: `UserError` where it is said from which number classes count, and they have names. */
export function expectNoNumbering(
  place: string,
  { labels = 'auto' }: { readonly labels?: LabelNumbering | undefined },
) {
  if (labels !== 'auto')
    throw new UserError(
      `the classes of ${place} have names and do not count ${labels.replace('-', ' ')}: leave --labels out`,
      2,
    )
}

/** Names of the classes from number `first` on. */
interface Named {
  readonly file: string
  readonly first: number
  readonly names: readonly string[]
}

/** The numbers that occur, and the first one if it is said. */
interface Numbers {
  readonly least: number
  readonly most: number
  readonly said: number | undefined
}

async function namesInOrder(folder: string, { least, most, said }: Numbers): Promise<Named | undefined> {
  const file = path.join(folder, namesFile)
  if (!(await statOf(file))?.isFile()) return undefined
  const names = readLines(file).map(({ text }) => /^n\d{8}(?=\s)/.exec(text)?.[0] ?? text)
  const isFromOne = least > 0 && most === names.length
  if (said !== undefined) return distinct({ file, first: said, names })
  if (isBackground(names) && least > 0) return distinct({ file, first: 1, names: names.slice(1) })
  if (!isFromOne && least > 0)
    throw new UserError(
      `${file} has ${names.length} names and the images' classes go from ${least} to ${most}, so it cannot be told whether they count from 0 or 1: say so (--labels), or write the numbers too (7:name), as ${path.join(folder, numberedNamesFile)}`,
    )
  return distinct({ file, first: isFromOne ? 1 : 0, names })
}

async function numberedNames(folder: string): Promise<Named | undefined> {
  const file = path.join(folder, numberedNamesFile)
  if (!(await statOf(file))?.isFile()) return undefined
  const lines = readLines(file).map(({ number, text }) => {
    const found = /^(\d{1,9})\s*:\s*(.+)$/.exec(text)
    if (!found) throw new UserError(`${file}, line ${number}: '${text}' is no number and name, such as 7:name`)
    return { line: number, number: Number(found[1]), name: found[2]! }
  })
  const first = lines[0]?.number ?? 0
  const astray = lines.find(({ number }, i) => number !== first + i)
  if (astray) throw new UserError(`${file}, line ${astray.line}: the numbers are not in order, one by one: correct it`)
  const names = lines.map(({ name }) => name)
  return distinct(
    first === 0 && isBackground(names) ? { file, first: 1, names: names.slice(1) } : { file, first, names },
  )
}

/** TF-Slim's name of the class 0 where classes count from 1. */
const isBackground = ([first]: readonly string[]): boolean => first === 'background'

function distinct(named: Named): Named {
  const seen = new Set<string>()
  for (const name of named.names) {
    if (seen.has(name)) throw new UserError(`${named.file} has the class '${name}' twice: give each class its own name`)
    seen.add(name)
  }
  return named
}
