import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../../base/error.js'
import type { ImageSet } from '../../../data/class-folder.js'
import { openFlat } from '../../../data/flat-folder.js'
import { readGroundTruth, withoutTruth } from '../../../data/ground-truth.js'
import { readImageList } from '../../../data/image-list.js'
import type { LabelNumbering } from '../../../data/sources/class-names.js'
import { openEvaluationData } from '../../../data/sources/open.js'
import { readSynsets, type Synsets } from '../../../data/synsets.js'
import type { Subset } from '../../../evaluation/result.js'
import { lookingThrough } from '../../looking-through.js'

/** Options that say which images are evaluated and what is known of them. */
export interface ImageFlags {
  data: string
  labels: LabelNumbering
  groundTruth?: string
  synsets?: string
  submission?: string
  list?: string
  exclude?: string
  out?: string
}

export interface EvaluationImages {
  readonly images: ImageSet
  /** Whether the images' classes are known, so that predictions can be scored. */
  readonly truth: boolean
  readonly synsets: Synsets | undefined
  readonly subset: Subset | undefined
}

/** Errors: UserError for options that make no sense together. */
export function checkImageFlags({ groundTruth, synsets, submission, labels }: ImageFlags): void {
  if (groundTruth !== undefined && labels !== 'auto')
    throw new UserError(
      '--labels is for classes that stand with the images, and --ground-truth says them: leave one out',
      2,
    )
  if (submission !== undefined && synsets === undefined)
    throw new UserError(
      'a submission is written in ILSVRC2012_IDs: give --synsets, a file whose line n is the WNID of ID n',
      2,
    )
  if (synsets !== undefined && submission === undefined && groundTruth === undefined)
    throw new UserError('--synsets is for --ground-truth or --submission: give one of them, or leave it out', 2)
}

/**
 * Opens what the options name, for a checkpoint of these classes; `worked` hears of progress. Errors: UserError naming
 * file and line.
 */
export async function openImages(
  flags: ImageFlags,
  classes: readonly string[],
  worked: () => void,
): Promise<EvaluationImages> {
  const { data, groundTruth } = flags
  const synsets = flags.synsets === undefined ? undefined : readSynsets(flags.synsets, classes)
  if (groundTruth === undefined && flags.submission !== undefined && !holdsFolders(data)) {
    expectNothingToScore(flags)
    return { images: withoutTruth(await openFlat(data), classes), truth: false, synsets, subset: undefined }
  }
  const images =
    groundTruth === undefined
      ? await lookingThrough(options => openEvaluationData(data, { ...options, labels: flags.labels }), worked)
      : readGroundTruth(groundTruth, await openFlat(data), classes, synsets)
  return { images, truth: true, synsets, subset: openSubset(flags, images) }
}

function expectNothingToScore(flags: ImageFlags): void {
  const scoring = (['list', 'exclude', 'out'] as const).find(name => flags[name] !== undefined)
  if (scoring)
    throw new UserError(
      `--${scoring} is about errors, and the classes of the images in ${flags.data} are not known: give --ground-truth, or leave --${scoring} out`,
      2,
    )
}

/** Without class folders it is a flat folder of images. What cannot be looked at is told when it is opened. */
function holdsFolders(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true }).some(
      entry =>
        !entry.name.startsWith('.') &&
        (entry.isDirectory() ||
          (entry.isSymbolicLink() &&
            statSync(path.join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true)),
    )
  } catch {
    return true
  }
}

/** The images that --list keeps and --exclude does not take away. */
function openSubset({ list, exclude }: ImageFlags, images: ImageSet): Subset | undefined {
  if (list === undefined && exclude === undefined) return undefined
  const kept = list === undefined ? new Uint8Array(images.items.length).fill(1) : readImageList(list, images)
  if (exclude !== undefined)
    for (const [i, excluded] of readImageList(exclude, images).entries()) if (excluded) kept[i] = 0
  if (!kept.includes(1))
    throw new UserError(`${exclude} excludes every image${list === undefined ? '' : ` of ${list}`}: nothing is left`)
  const words = [
    ...(list === undefined ? [] : [`in ${path.basename(list)}`]),
    ...(exclude === undefined ? [] : [`without ${path.basename(exclude)}`]),
  ]
  return { name: words.join(' '), images: kept }
}
