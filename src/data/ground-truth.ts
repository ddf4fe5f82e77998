import { UserError } from '../base/error.js'
import { formatCount } from '../base/format.js'
import { readLines, type TextLine } from '../formats/text-lines.js'
import type { ImageSet } from './class-folder.js'
import type { Synsets } from './synsets.js'

/** Images without class folders, in the order of their file names. */
export interface FlatImages {
  readonly root: string
  readonly paths: readonly string[]
}

/**
 * Gives the images of a flat folder their classes from a text file in ILSVRC's form: one line an image in the order of
 * file names, either the class's name (WNID) or its ILSVRC2012_ID, which only `synsets` can tell apart from a place in
 * the alphabet. Labels are places in `classes`.
 *
 * Errors: `UserError` with file and line for a line that is no class, an ID out of range or an ID without `synsets`; and
 * when there are not as many lines as images.
 */
export const readGroundTruth = (
  file: string,
  images: FlatImages,
  classes: readonly string[],
  synsets: Synsets | undefined,
): ImageSet => groundTruthOf(readLines(file), file, images, classes, synsets)

/** As {@link readGroundTruth}, of lines already read. */
export function groundTruthOf(
  lines: readonly TextLine[],
  file: string,
  { root, paths }: FlatImages,
  classes: readonly string[],
  synsets: Synsets | undefined,
): ImageSet {
  const labelOf = new Map(classes.map((name, label) => [name, label]))
  const labels = lines.map(line => labelOfLine(line, file, labelOf, synsets))
  if (labels.length !== paths.length)
    throw new UserError(
      `${file} has ${formatCount(labels.length)} lines and ${root} ${formatCount(paths.length)} images: it needs one line an image, in the order of file names`,
    )
  return { root, classes, items: paths.map((path, i) => ({ path, label: labels[i]! })) }
}

/** The images with the label 0, which means nothing: for predictions that no one scores. */
export const withoutTruth = ({ root, paths }: FlatImages, classes: readonly string[]): ImageSet => ({
  root,
  classes,
  items: paths.map(path => ({ path, label: 0 })),
})

function labelOfLine(
  { number, text }: TextLine,
  file: string,
  labelOf: ReadonlyMap<string, number>,
  synsets: Synsets | undefined,
): number {
  const id = /^\d+$/.test(text) ? Number(text) : undefined
  if (id !== undefined && synsets) {
    const label = synsets.labels[id - 1]
    if (label !== undefined) return label
    throw new UserError(
      `${file}, line ${number}: there is no ILSVRC2012_ID ${text}: ${synsets.file} has those from 1 to ${synsets.labels.length}`,
    )
  }
  const label = labelOf.get(text)
  if (label !== undefined) return label
  throw new UserError(
    id === undefined
      ? `${file}, line ${number}: '${text}' is none of the checkpoint's classes: write a class name or an ILSVRC2012_ID`
      : `${file}, line ${number}: ${text} is an ILSVRC2012_ID, and IDs are not in the order of class names: give --synsets, a file whose line n is the WNID of ID n`,
  )
}
