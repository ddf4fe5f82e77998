import type { Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'
import type { ImageBoxes } from './image-boxes.js'

/** Boxes of a set's images in memory that can be shared. */
export interface BoxMemory {
  /** [images + 1] uint32: the boxes of image i are those from starts[i] up to starts[i + 1]. */
  readonly starts: ArrayBufferLike
  /** [boxes, 4] float32: left, top, right and bottom in shares of the image's sides. */
  readonly sides: ArrayBufferLike
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

  /** @param boxes those of each image in turn; undefined for none */
  static pack(boxes: readonly (ImageBoxes | undefined)[]): BoxMemory {
    const count = boxes.reduce((sum, own) => sum + (own?.length ?? 0), 0)
    const starts = new Uint32Array(boxes.length + 1)
    const sides = new Float32Array(count * 4)
    let at = 0
    for (const [i, own] of boxes.entries()) {
      if (own) sides.set(own, at)
      at += own?.length ?? 0
      starts[i + 1] = at / 4
    }
    return { starts: starts.buffer, sides: sides.buffer }
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
