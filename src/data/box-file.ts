import { createHash } from 'node:crypto'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { fileDigest } from '../formats/file-digest.js'
import { annotatedBoxes, isAnnotation, isAnnotationArchive } from './box-annotations.js'
import { BoxList, type BoxMemory } from './box-list.js'
import { tabulatedBoxes, withoutEnding } from './box-table.js'
import type { ImageSet } from './class-folder.js'
import { filesBelow } from './files-below.js'
import { statOf } from './folder-entries.js'
import { nameWithin } from './image-place.js'
import type { NamedBoxes } from './named-boxes.js'

/** A file of boxes, or a folder of them, as a run records it. */
export interface BoxFile {
  readonly file: string
  readonly sha256: string
}

/** Errors: `UserError` where it cannot be read. */
export const boxFile = async (file: string): Promise<BoxFile> => ({
  file: path.resolve(file),
  sha256: await digestOf(file),
})

/** As {@link readBoxes}. Errors: `UserError` also where the file is not the one that the run was made with. */
export async function openBoxFile(
  { file, sha256 }: BoxFile,
  images: Pick<ImageSet, 'root' | 'items'>,
): Promise<BoxMemory> {
  if ((await digestOf(file)) !== sha256)
    throw new UserError(`${file} is not the one that the run was made with: put that one back, or start a new run`)
  return await readBoxes(file, images)
}

/** Of a file its SHA-256; of a folder that of its annotations' names and digests. */
async function digestOf(place: string): Promise<string> {
  if (!(await isFolder(place))) return fileDigest(place)
  const hash = createHash('sha256')
  for await (const file of filesBelow(place, isAnnotation))
    hash.update(`${fileDigest(file)}  ${path.relative(place, file).replaceAll(path.sep, '/')}\n`)
  return hash.digest('hex')
}

const isFolder = async (place: string): Promise<boolean> => (await statOf(place))?.isDirectory() === true

/**
 * The boxes that a place holds: ILSVRC's annotations, in an archive or a folder, or a table of them; told by the name.
 *
 * Errors: as {@link annotatedBoxes} and {@link tabulatedBoxes}.
 */
export async function* boxesIn(place: string): AsyncGenerator<NamedBoxes, void, undefined> {
  if (await isFolder(place)) yield* annotatedBoxes(place, true)
  else if (isAnnotationArchive(path.basename(place))) yield* annotatedBoxes(place, false)
  else yield* tabulatedBoxes(place)
}

/** The boxes of one name in a file. */
interface Named {
  /** Where the name stands first. */
  readonly where: string
  readonly boxes: number[]
  image?: number
}

/**
 * Reads where objects lie in the images of a set, from what {@link boxesIn} takes. A name is that of the image's file, or
 * its path below the set's folder, and its ending does not matter. An image can have any number of boxes. Those of other
 * images are passed over.
 *
 * Errors: `UserError` with file and line for what is no box, for a name of two images, and for a file that has no box
 * for any image of the set.
 */
export async function readBoxes(file: string, { root, items }: Pick<ImageSet, 'root' | 'items'>): Promise<BoxMemory> {
  const byName = new Map<string, Named>()
  for await (const { name, where, boxes } of boxesIn(file)) {
    const named = byName.get(name)
    if (named) named.boxes.push(...boxes)
    else byName.set(name, { where, boxes: [...boxes] })
  }
  const boxes = items.map((item, image) => {
    const name = item.part ? nameWithin(item.path) : path.relative(root, item.path).replaceAll(path.sep, '/')
    return [...new Set([name, path.posix.basename(name)])].flatMap(key => {
      const named = byName.get(withoutEnding(key))
      if (named?.image !== undefined) {
        const places = `${items[named.image]!.path} or ${item.path}`
        throw new UserError(`${named.where}: this could be ${places}; write the path below ${root}`)
      }
      if (named) named.image = image
      return named?.boxes ?? []
    })
  })
  if (boxes.every(own => own.length === 0))
    throw new UserError(`${file} has no box for any image of ${root}: it names other images`)
  return BoxList.pack(boxes)
}
