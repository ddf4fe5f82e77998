import path from 'node:path'
import { UserError } from '../../base/error.js'
import type { InputFile } from '../../formats/input-file.js'
import { readTar, type TarExtent } from '../../formats/tar.js'
import { imagesBelow } from '../files-below.js'
import { isImageName, kindOf, sortedEntries, statOf } from '../folder-entries.js'
import { imagesOf } from './file-index.js'
import type { FileForm, FoundImage, ScanOptions } from './found-image.js'
import type { LookedThrough } from './found-sets.js'

/** Classes of ILSVRC's training images in a folder, by WNID: archives, and folders that were made of them. */
export interface ClassEntries {
  readonly folder: string
  readonly archives: ReadonlyMap<string, string>
  readonly folders: ReadonlyMap<string, string>
  /** Other folders, hidden ones apart. */
  readonly others: readonly string[]
}

/** What `folder` holds of classes; undefined where nothing is. */
export async function classEntriesIn(folder: string): Promise<ClassEntries | undefined> {
  if (!(await statOf(folder))?.isDirectory()) return undefined
  const [archives, folders, others] = [new Map<string, string>(), new Map<string, string>(), [] as string[]]
  for (const entry of await sortedEntries(folder)) {
    const place = path.join(folder, entry.name)
    const wnid = /^(n\d{8})(?:\.tar)?$/.exec(entry.name)?.[1]
    const kind = await kindOf(entry, place)
    if (kind === 'folder') {
      if (wnid === entry.name) folders.set(wnid, place)
      else others.push(place)
    } else if (kind === 'file' && wnid) archives.set(wnid, place)
  }
  return archives.size + folders.size > 0 ? { folder, archives, folders, others } : undefined
}

/**
 * The images of a class from its archive, or from its folder where there is no archive any more: while one is unpacked,
 * it is whole and the folder is not.
 *
 * Errors: `UserError` for a class without images, an archive that is damaged, and the signal's reason when aborted.
 */
export async function imagesOfClasses(
  { folder, archives, folders }: ClassEntries,
  options: ScanOptions,
): Promise<readonly LookedThrough[]> {
  const found: LookedThrough[] = []
  for (const wnid of new Set([...archives.keys(), ...folders.keys()])) {
    const archive = archives.get(wnid)
    const place = archive ?? folders.get(wnid)!
    const images = archive ? await imagesOf(archive, classArchive, options) : await imagesIn(place, wnid, folder)
    if (images.length === 0) throw new UserError(`the class ${place} has no images: get it again, or remove it`)
    found.push({ file: place, images })
  }
  return found
}

async function imagesIn(place: string, wnid: string, root: string): Promise<readonly FoundImage[]> {
  const images: FoundImage[] = []
  for await (const file of imagesBelow(place)) images.push({ name: path.relative(root, file), label: wnid })
  return images
}

const classArchive: FileForm = {
  title: "ILSVRC's archive of a class",
  accepts: name => /^n\d{8}\.tar$/.test(name),
  lists: false,
  scan: input => imagesInClass(input, path.basename(input.path, '.tar')),
}

/** The images of an archive of one class, which is a file or lies in one. */
export function* imagesInClass(input: InputFile, wnid: string, within?: TarExtent): Generator<FoundImage> {
  for (const { name, begin, size } of readTar(input, within))
    if (isImageName(name)) yield { name: `${wnid}/${path.posix.basename(name)}`, label: wnid, part: { begin, size } }
}
