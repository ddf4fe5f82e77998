import path from 'node:path'
import { UserError } from '../../base/error.js'
import { type ImageSet, openClassFolders, openValFolders } from '../class-folder.js'
import { imagesBelow } from '../files-below.js'
import { kindOf, sortedEntries, statOf } from '../folder-entries.js'
import { expectNoNumbering } from './class-names.js'
import type { ScanOptions } from './found-image.js'
import { type ClassFolders, type Split, type Splits, splits } from './source.js'
import { sources } from './sources.js'

/**
 * Opens the images that `place` holds for training and for validation: a folder of class folders (train/<class>/*.jpg and
 * val/<class>/*.jpg), or what else is in the table of sources. Told by names, not by contents; class folders go before
 * archives that lie beside them.
 *
 * Errors: `UserError` if one of the two is missing, empty or damaged, or their classes differ; the signal's reason when
 * aborted.
 */
export async function openTrainingData(
  place: string,
  options: ScanOptions = {},
): Promise<{ train: ImageSet; val: ImageSet }> {
  const { train, val } = (await openHeld(place, splits, options)) ?? (await openClassFolders(place, options))
  if (!train || !val) throw lacking(place, train ? 'val' : 'train')
  return { train, val }
}

/** Opens what evaluation measures on: the images for validation, or all where nothing divides them. Errors: as above. */
export async function openEvaluationData(place: string, options: ScanOptions = {}): Promise<ImageSet> {
  const held = await openHeld(place, ['val'], options)
  if (!held) return await openValFolders(place, options)
  if (!held.val) throw lacking(place, 'val')
  return held.val
}

const lacking = (place: string, split: Split): UserError =>
  new UserError(
    `${place} holds no images for '${split}': put them there, with '${split}' in the name of file or folder`,
  )

/**
 * The sets of `wanted` that archives or tables at `place` hold; undefined where there are class folders, or nothing.
 * Errors: as {@link openTrainingData}, for what is there.
 */
export async function openHeld(
  place: string,
  wanted: readonly Split[],
  options: ScanOptions = {},
): Promise<Splits | undefined> {
  if (!(await statOf(place))) return undefined
  const folders = await classFoldersAt(place)
  for (const source of sources) {
    if (folders && !source.beside.includes(folders)) continue
    const found = await source.open(place, wanted, options)
    if (found) return found
  }
  expectNoNumbering(place, options)
  return undefined
}

async function classFoldersAt(place: string): Promise<ClassFolders | undefined> {
  for (const split of splits) if (await holdsClassFolders(path.join(place, split))) return 'splits'
  return (await holdsClassFolders(place)) ? 'place' : undefined
}

/** Whether there are folders with images in them, however far below; archives beside those are where they came from. */
async function holdsClassFolders(folder: string): Promise<boolean> {
  if (!(await statOf(folder))?.isDirectory()) return false
  for (const entry of await sortedEntries(folder)) {
    const place = path.join(folder, entry.name)
    if (splits.some(split => split === entry.name) || (await kindOf(entry, place)) !== 'folder') continue
    for await (const _ of imagesBelow(place)) return true
  }
  return false
}
