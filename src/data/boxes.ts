import path from 'node:path'
import { UserError } from '../base/error.js'
import { fileDigest } from '../formats/file-digest.js'
import { readLines } from '../formats/text-lines.js'
import type { ImageSet } from './class-folder.js'
import type { Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'

/** Boxes of a set's images in memory that threads share. */
export interface BoxMemory {
  /** [images + 1] uint32: the boxes of image i are those from starts[i] up to starts[i + 1]. */
  readonly starts: SharedArrayBuffer
  /** [boxes, 4] float32: left, top, right and bottom in shares of the image's sides. */
  readonly sides: SharedArrayBuffer
}

/** A file of boxes as a run records it. */
export interface BoxFile {
  readonly file: string
  readonly sha256: string
}

export const boxFile = (file: string): BoxFile => ({ file: path.resolve(file), sha256: fileDigest(file) })

/** As {@link readBoxes}. Errors: `UserError` also where the file is not the one that the run was made with. */
export function openBoxes({ file, sha256 }: BoxFile, images: Pick<ImageSet, 'root' | 'items'>): BoxMemory {
  if (fileDigest(file) !== sha256)
    throw new UserError(`${file} is not the file that the run was made with: put that one back, or start a new run`)
  return readBoxes(file, images)
}

/**
 * Reads where objects lie in the images of a set: lines of `name,left,top,right,bottom`, in shares of the image's width
 * and height, as TensorFlow's script `process_bounding_boxes.py` writes them from ILSVRC's annotations. An image is
 * found by its file's name without folder and ending; it can have any number of boxes. Lines on other images are passed
 * over.
 *
 * Errors: `UserError` with file and line for what is no box, and for a file that has none for any image of the set.
 */
export function readBoxes(file: string, { root, items }: Pick<ImageSet, 'root' | 'items'>): BoxMemory {
  const imagesOf = new Map<string, number[]>()
  for (const [i, item] of items.entries()) {
    const stem = stemOf(item.path)
    const found = imagesOf.get(stem)
    if (found) found.push(i)
    else imagesOf.set(stem, [i])
  }
  const boxes = items.map((): (readonly number[])[] => [])
  let found = 0
  for (const { number, text } of readLines(file)) {
    const wrong = (what: string): never => {
      throw new UserError(
        `${file}, line ${number}: ${what}; a line is name,left,top,right,bottom in shares of the image`,
      )
    }
    const [name = '', ...words] = text.split(',')
    const sides = words.map(word => (word.trim() === '' ? Number.NaN : Number(word)))
    if (sides.length !== 4) wrong(`it has ${words.length} numbers after a name, not 4`)
    if (!sides.every(side => side >= 0 && side <= 1)) wrong(`'${words.join()}' are not four numbers in [0, 1]`)
    const [left, top, right, bottom] = sides
    if (left! > right! || top! > bottom!) wrong('the box ends before it begins')
    const images = imagesOf.get(stemOf(name.trim())) ?? []
    if (images.length > 1) wrong(`${name} could be ${items[images[0]!]!.path} or ${items[images[1]!]!.path}`)
    for (const image of images) {
      boxes[image]!.push(sides)
      found++
    }
  }
  if (found === 0) throw new UserError(`${file} has no box for any image of ${root}: it names other images`)
  return pack(boxes, found)
}

const stemOf = (name: string): string => path.parse(name).name

function pack(boxes: readonly (readonly (readonly number[])[])[], count: number): BoxMemory {
  const starts = new Uint32Array(new SharedArrayBuffer((boxes.length + 1) * 4))
  const sides = new Float32Array(new SharedArrayBuffer(count * 16))
  let at = 0
  for (const [i, own] of boxes.entries()) {
    for (const box of own) sides.set(box, 4 * at++)
    starts[i + 1] = at
  }
  return { starts: starts.buffer as SharedArrayBuffer, sides: sides.buffer as SharedArrayBuffer }
}

/** A view of {@link BoxMemory}. */
export class BoxList {
  /** How many images it is for. */
  readonly length: number
  readonly #starts: Uint32Array
  readonly #sides: Float32Array

  constructor({ starts, sides }: BoxMemory) {
    this.#starts = new Uint32Array(starts)
    this.#sides = new Float32Array(sides)
    this.length = this.#starts.length - 1
  }

  /** The boxes of an image in its pixels, cut down to whole ones as TensorFlow's kernel does. */
  of(index: number, { width, height }: Extent): Rectangle[] {
    const rectangles: Rectangle[] = []
    for (let box = this.#starts[index]!; box < this.#starts[index + 1]!; box++) {
      const side = (k: number, length: number) => Math.trunc(Math.fround(this.#sides[4 * box + k]! * length))
      const [x, y] = [side(0, width), side(1, height)]
      rectangles.push({ x, y, width: side(2, width) - x, height: side(3, height) - y })
    }
    return rectangles
  }
}
