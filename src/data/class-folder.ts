import path from 'node:path'
import { UserError } from '../base/error.js'
import { imagesBelow } from './files-below.js'
import { isReadableName, kindOf, requireFolder, sortedEntries, statOf } from './folder-entries.js'
import type { ImageBoxes } from './image-boxes.js'
import type { ImagePlace } from './image-place.js'
import type { ScanOptions } from './sources/found-image.js'

type Looking = Pick<ScanOptions, 'onProgress'>

/** An image with its label, a place in the set's list of classes. */
export interface LabelledImage extends ImagePlace {
  readonly label: number
  /** Where in the image its object is, where that is known. */
  readonly boxes?: ImageBoxes
}

/** Images with labels, in a fixed order that depends on names only. */
export interface ImageSet {
  /** The folder, or the file that holds them, that the set was read from. */
  readonly root: string
  /** Class names in code unit order; a label is a place in this list. */
  readonly classes: readonly string[]
  /** Class by class, within a class by path in code unit order. */
  readonly items: readonly LabelledImage[]
}

const layout = 'a data folder holds train/<class>/*.jpg and val/<class>/*.jpg'

/**
 * Opens `folder`/train and `folder`/val.
 *
 * @throws {UserError} if a folder is missing, unreadable or empty, a class has no images, or the classes differ
 */
export async function openClassFolders(
  folder: string,
  options: Looking = {},
): Promise<{ train: ImageSet; val: ImageSet }> {
  await requireFolder(folder, layout)
  for (const split of ['train', 'val'])
    if (!(await statOf(path.join(folder, split)))?.isDirectory())
      throw new UserError(`${folder} has no folder '${split}': ${layout}`)
  const train = await openSplit(path.join(folder, 'train'), options)
  const val = await openSplit(path.join(folder, 'val'), options)
  requireSameClasses(train, val)
  return { train, val }
}

/**
 * Opens `folder`/val, or `folder` itself when it holds the class folders directly.
 *
 * @throws {UserError} as {@link openClassFolders}
 */
export async function openValFolders(folder: string, options: Looking = {}): Promise<ImageSet> {
  await requireFolder(folder, layout)
  if ((await statOf(path.join(folder, 'val')))?.isDirectory()) return await openSplit(path.join(folder, 'val'), options)
  if ((await statOf(path.join(folder, 'train')))?.isDirectory())
    throw new UserError(`${folder} has a folder 'train' but no 'val' to evaluate on: ${layout}`)
  return await openSplit(folder, options)
}

/**
 * Opens one folder of class folders. Class folders are read with all their sub-folders; links are followed; hidden
 * files, and files that do not end like an image, are passed over.
 *
 * @throws {UserError} as {@link openClassFolders}
 */
export async function openSplit(folder: string, { onProgress }: Looking = {}): Promise<ImageSet> {
  await requireFolder(folder, layout)
  const classes: string[] = []
  const items: { path: string; label: number }[] = []
  let strayImages = 0
  const entries = await sortedEntries(folder)
  for (const [done, entry] of entries.entries()) {
    const place = path.join(folder, entry.name)
    const kind = await kindOf(entry, place)
    if (kind === 'folder') {
      const files: string[] = []
      for await (const file of imagesBelow(place)) files.push(file)
      if (files.length === 0)
        throw new UserError(
          `the class folder ${place} has no images: put JPEG, PNG or WebP files into it or remove the folder`,
        )
      for (const file of files) items.push({ path: file, label: classes.length })
      classes.push(entry.name)
      onProgress?.(`listing ${folder}, folders`, done + 1, entries.length)
    } else if (kind === 'broken' && !isReadableName(entry.name)) {
      throw new UserError(`${place} is a link to nothing: mend the link or remove it`)
    } else if (isReadableName(entry.name)) strayImages++
  }
  if (classes.length === 0)
    throw new UserError(
      strayImages > 0
        ? `${folder} holds ${strayImages} images but no class folders: put the images into one folder a class`
        : `${folder} is empty: ${layout}`,
    )
  return { root: folder, classes, items }
}

/** @throws {UserError} naming the classes that only one of the two sets has */
export function requireSameClasses(a: ImageSet, b: ImageSet): void {
  const onlyIn = (one: ImageSet, other: ImageSet) => {
    const known = new Set(other.classes)
    const extra = one.classes.filter(name => !known.has(name))
    if (extra.length === 0) return []
    const more = extra.length > 5 ? ` and ${extra.length - 5} more` : ''
    return [`only ${one.root} has ${extra.slice(0, 5).join(', ')}${more}`]
  }
  const differences = [...onlyIn(a, b), ...onlyIn(b, a)]
  if (differences.length > 0)
    throw new UserError(`the class folders differ: ${differences.join('; ')}: both need the same classes`)
}
