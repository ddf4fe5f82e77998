import path from 'node:path'
import { UserError } from '../base/error.js'
import { fileDigest } from '../formats/file-digest.js'
import { readLines } from '../formats/text-lines.js'
import type { ImageSet } from './class-folder.js'
import type { Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'

/** Boxes of a set's images in memory that can be shared. */
export interface BoxMemory {
  /** [images + 1] uint32: the boxes of image i are those from starts[i] up to starts[i + 1]. */
  readonly starts: ArrayBufferLike
  /** [boxes, 4] float32: left, top, right and bottom in shares of the image's sides. */
  readonly sides: ArrayBufferLike
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

/** The boxes of one name in a file. */
interface Named {
  /** Where the name stands first. */
  readonly line: number
  /** Left, top, right, bottom of each. */
  readonly boxes: (readonly number[])[]
  image?: number
}

/**
 * Reads where objects lie in the images of a set: lines of `name,left,top,right,bottom`, in shares of the image's width
 * and height, as TensorFlow's script `process_bounding_boxes.py` writes them from ILSVRC's annotations. A name is that
 * of the image's file, or its path below the set's folder, and its ending does not matter. An image can have any number
 * of boxes. Lines on other images are passed over.
 *
 * Errors: `UserError` with file and line for what is no box, for a name of two images, and for a file that has no box
 * for any image of the set.
 */
export function readBoxes(file: string, { root, items }: Pick<ImageSet, 'root' | 'items'>): BoxMemory {
  const byName = new Map<string, Named>()
  for (const { number, text } of readLines(file)) {
    const [name = '', ...words] = text.split(',')
    const key = withoutEnding(name.trim())
    const named = byName.get(key) ?? { line: number, boxes: [] }
    named.boxes.push(sidesOf(words, `${file}, line ${number}`))
    byName.set(key, named)
  }
  const boxes = items.map(({ path: place }, image) => {
    const keys = new Set([path.relative(root, place).replaceAll(path.sep, '/'), path.basename(place)])
    return [...keys].flatMap(key => {
      const named = byName.get(withoutEnding(key))
      if (named?.image !== undefined) {
        const places = `${items[named.image]!.path} or ${place}`
        throw new UserError(`${file}, line ${named.line}: this could be ${places}; write the path below ${root}`)
      }
      if (named) named.image = image
      return named?.boxes ?? []
    })
  })
  if (boxes.every(own => own.length === 0))
    throw new UserError(`${file} has no box for any image of ${root}: it names other images`)
  return pack(boxes)
}

const withoutEnding = (name: string): string => name.slice(0, name.length - path.extname(name).length)

function sidesOf(words: readonly string[], where: string): readonly number[] {
  const wrong = (what: string): never => {
    throw new UserError(`${where}: ${what}; a line is name,left,top,right,bottom in shares of the image`)
  }
  const sides = words.map(word => (word.trim() === '' ? Number.NaN : Number(word)))
  if (sides.length !== 4) wrong(`it has ${words.length} numbers after a name, not 4`)
  if (!sides.every(side => side >= 0 && side <= 1)) wrong(`'${words.join()}' are not four numbers in [0, 1]`)
  const [left, top, right, bottom] = sides
  if (left! > right! || top! > bottom!) wrong('the box ends before it begins')
  return sides
}

function pack(boxes: readonly (readonly (readonly number[])[])[]): BoxMemory {
  const count = boxes.reduce((sum, own) => sum + own.length, 0)
  const starts = new Uint32Array(boxes.length + 1)
  const sides = new Float32Array(count * 4)
  let at = 0
  for (const [i, own] of boxes.entries()) {
    for (const box of own) sides.set(box, 4 * at++)
    starts[i + 1] = at
  }
  return { starts: starts.buffer, sides: sides.buffer }
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
