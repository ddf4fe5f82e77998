import { UserError } from '../base/error.js'
import { formatCount } from '../base/format.js'
import { readLines, type TextLine } from '../formats/text-lines.js'

/** Which class has which ILSVRC2012_ID. IDs count from 1 and are not in the classes' alphabetical order. */
export interface Synsets {
  /** The file that says so. */
  readonly file: string
  /** Labels by ID − 1. */
  readonly labels: readonly number[]
  /** IDs by label. */
  readonly ids: readonly number[]
}

/**
 * Reads a file whose line n is the class with ILSVRC2012_ID n: its name (WNID), words after it are passed over. Every one
 * of `classes` has a line.
 *
 * Errors: `UserError` with file and line for a name that is no class or comes twice, and for an empty line between others;
 * for a class without a line; and for ImageNet's classes in alphabetical order, which is the order of labels and would give every image a wrong one.
 */
export const readSynsets = (file: string, classes: readonly string[]): Synsets =>
  synsetsOf(readLines(file), file, classes)

/** As {@link readSynsets}, of lines already read. */
export function synsetsOf(lines: readonly TextLine[], file: string, classes: readonly string[]): Synsets {
  const labelOf = new Map(classes.map((name, label) => [name, label]))
  const labels: number[] = []
  const lineOf = new Map<number, number>()
  const ids = new Array<number>(classes.length).fill(0)
  for (const { number, text } of lines) {
    if (number !== labels.length + 1)
      throw new UserError(`${file}, line ${labels.length + 1} is empty: line n names the class with ID n; remove it`)
    const label = labelOf.get(text) ?? labelOf.get(text.split(/\s/, 1)[0]!)
    if (label === undefined)
      throw new UserError(`${file}, line ${number}: '${text}' is none of the checkpoint's classes: correct the line`)
    if (lineOf.has(label))
      throw new UserError(
        `${file}, line ${number}: '${classes[label]}' stands in line ${lineOf.get(label)} already: remove one of the two`,
      )
    lineOf.set(label, number)
    labels.push(label)
    ids[label] = labels.length
  }
  const missing = ids.indexOf(0)
  if (missing >= 0)
    throw new UserError(
      `${file} lacks the class '${classes[missing]}': it has ${formatCount(labels.length)} lines and the checkpoint ${formatCount(classes.length)} classes; give a line a class`,
    )
  if (looksAlphabetical(labels.map(label => classes[label]!)))
    throw new UserError(
      `${file} lists the WNIDs in alphabetical order, and ILSVRC2012_IDs are not in that order: write them in the order of ILSVRC2012_ID in the devkit's meta.mat (1 is n02119789)`,
    )
  return { file, labels, ids }
}

/** Whether these are ImageNet's thousand in the order of their names, which ILSVRC2012_IDs never have. */
const looksAlphabetical = (names: readonly string[]): boolean =>
  names.length >= 1000 && names.every((name, i) => /^n\d{8}$/.test(name) && (i === 0 || names[i - 1]! < name))
