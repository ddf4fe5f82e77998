import path from 'node:path'
import { UserError } from '../../base/error.js'
import type { ImageSet } from '../class-folder.js'
import { imagesBelow } from '../files-below.js'
import { isImageName, kindOf, requireFolder, sortedEntries, statOf } from '../folder-entries.js'
import type { ScanOptions } from '../sources/found-image.js'
import { openHeld } from '../sources/open.js'
import { splits as parts } from '../sources/source.js'

/** A part of a data folder as it lies there, whether or not one could train on it. */
export interface Split extends ImageSet {
  /** `train`, `val`, or nothing for the folder itself. */
  readonly name: string
  /** What messages call it: its folder, or with its name what holds several. */
  readonly title: string
  /** Images beside the class folders, which no run would use. Without class folders they are the items, labelled −1. */
  readonly strays: number
}

/**
 * The splits of a data folder: its `train` and `val`, or else the folder itself; or those of archives and tables.
 * Unlike opening it to train, empty classes and images beside the class folders are no errors: they are what is looked
 * for.
 *
 * @throws {UserError} if the folder is missing or unreadable, or has no images
 */
export async function listSplits(folder: string, options: ScanOptions = {}): Promise<Split[]> {
  const held = await openHeld(folder, parts, options)
  if (held)
    return parts.flatMap(name => {
      const set = held[name]
      return set ? [{ ...set, name, title: titleOf(set.root, name), strays: 0 }] : []
    })
  await requireFolder(folder, 'give a data folder')
  const splits: Split[] = []
  for (const name of parts) {
    const place = path.join(folder, name)
    if ((await statOf(place))?.isDirectory()) splits.push(await listSplit(name, place))
  }
  if (splits.length === 0) splits.push(await listSplit('', folder))
  if (splits.every(split => split.items.length === 0))
    throw new UserError(`${folder} has no images: give a folder that holds train/ and val/, or class folders`)
  return splits
}

const titleOf = (root: string, name: string): string => (path.basename(root) === name ? root : `${root} (${name})`)

async function listSplit(name: string, root: string): Promise<Split> {
  const classes: string[] = []
  const items: { path: string; label: number }[] = []
  const strays: { path: string; label: number }[] = []
  for (const entry of await sortedEntries(root)) {
    const place = path.join(root, entry.name)
    if ((await kindOf(entry, place)) === 'folder') {
      for await (const file of imagesBelow(place)) items.push({ path: file, label: classes.length })
      classes.push(entry.name)
    } else if (isImageName(entry.name)) strays.push({ path: place, label: -1 })
  }
  const split = { name, title: root, root, classes }
  return classes.length === 0 ? { ...split, items: strays, strays: 0 } : { ...split, items, strays: strays.length }
}
