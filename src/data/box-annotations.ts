import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { UserError } from '../base/error.js'
import { type Fail, fileError } from '../formats/file-error.js'
import { readTar } from '../formats/tar.js'
import { streamTar, type TarMember } from '../formats/tar-stream.js'
import { filesBelow } from './files-below.js'
import { imageBoxesOf } from './image-boxes.js'
import { memberPath } from './image-place.js'
import { isImagenetClass } from './imagenet-classes.js'
import type { NamedBoxes } from './named-boxes.js'

/** ILSVRC's are half a million files of about a kilobyte. */
const limits = { mostBytes: 16 * 2 ** 30, mostMemberBytes: 256 * 2 ** 20 }
const mostXmlBytes = 2 ** 20

const packed = /\.(tar\.gz|tgz|tar)$/i
/** Whether a file of this name is taken for an annotation. */
export const isAnnotation = (name: string): boolean => /\.xml$/i.test(name)

/** Whether a file of this name, without folders, is taken for an archive of annotations. */
export const isAnnotationArchive = (name: string): boolean => packed.test(name)

/**
 * Where objects lie by ILSVRC's annotations: `n01440764/n01440764_10026.xml` and others, in an archive (tar, with gzip or
 * without) as it was downloaded, which may hold an archive for each class, or in a folder, however far below.
 *
 * What counts is what TF-Slim's script counts (tensorflow/models, research/slim/datasets/process_bounding_boxes.py): the
 * image is the one that the file is named after. Pixels are divided by the size that the file gives, sides that are swapped
 * are put right, boxes are held within the image and those without an area left out. A file of one of ImageNet's classes
 * whose first object has the WNID of another has no boxes; names in words are mistakes in the data, and count. Shares
 * have four decimals, as in that script's table and in the TFRecords that are made of it. (The script takes a left side of
 * −1 for the end of a file's boxes, which is not repeated here.)
 *
 * Errors: `UserError` naming the file that is damaged, is no annotation or is too large.
 */
export async function* annotatedBoxes(place: string, isFolder: boolean): AsyncGenerator<NamedBoxes, void, undefined> {
  // Loaded here, so that whoever reads no annotations does not wait for a parser of XML.
  const { parseVoc } = await import('../formats/pascal-voc.js')
  for await (const { name, bytes } of isFolder ? filesIn(place) : membersOf(place)) {
    const where = isFolder ? path.join(place, name) : memberPath(place, name)
    const fail: Fail = reason => {
      throw new UserError(`${where} ${reason}: get the annotations again`)
    }
    if (bytes.length > mostXmlBytes) fail('is too large to be an annotation')
    const { width, height, objects } = parseVoc(textOf(bytes, fail), fail)
    if (width <= 0 || height <= 0) fail('gives the image no size')
    const [first] = objects
    const { name: stem } = path.posix.parse(name)
    if (!first || isOfAnother(first.name, path.posix.basename(path.posix.dirname(name)))) continue
    const shares = objects.map(
      ({ box: [left, top, right, bottom] }) => [left / width, top / height, right / width, bottom / height] as const,
    )
    yield { name: stem, where, boxes: imageBoxesOf(shares).map(asPrinted) }
  }
}

const isOfAnother = (name: string, folder: string): boolean =>
  name !== folder && isImagenetClass(folder) && isImagenetClass(name)

/** As Python prints it with four decimals: halves, which are odd numbers of 32nds, go to the even digit. */
function asPrinted(share: number): number {
  const tenThousandths = share * 1e4
  const isHalf = Number.isInteger(share * 32) && tenThousandths % 1 === 0.5
  return isHalf ? (2 * Math.round(tenThousandths / 2)) / 1e4 : Number(share.toFixed(4))
}

async function* filesIn(folder: string): AsyncGenerator<TarMember, void, undefined> {
  for await (const file of filesBelow(folder, isAnnotation)) {
    const name = path.relative(folder, file).replaceAll(path.sep, '/')
    try {
      yield { name, bytes: readFileSync(file) }
    } catch (error) {
      throw fileError('read', file, error)
    }
  }
}

async function* membersOf(archive: string): AsyncGenerator<TarMember, void, undefined> {
  for await (const member of streamTar(archive, limits))
    if (packed.test(member.name)) yield* membersWithin(member, memberPath(archive, member.name))
    else if (isAnnotation(member.name)) yield member
}

/** The annotations of an archive within an archive: one class. */
function* membersWithin({ name, bytes }: TarMember, place: string): Generator<TarMember, void, undefined> {
  const content = /gz$/i.test(name) ? unpacked(bytes, place) : bytes
  const read = (begin: number, length: number) => new Uint8Array(content.subarray(begin, begin + length))
  for (const entry of readTar({ path: place, size: content.length, read }))
    if (isAnnotation(entry.name)) yield { name: entry.name, bytes: read(entry.begin, entry.size) }
}

function unpacked(bytes: Uint8Array, place: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: limits.mostMemberBytes })
  } catch (error) {
    throw new UserError(`${place} cannot be unpacked: get the annotations again`, 1, { cause: error })
  }
}

function textOf(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return fail('is no text in UTF-8')
  }
}
