import type { Packing } from '../../formats/file-stretch.js'
import type { LabelledImage } from '../class-folder.js'
import type { ImageBoxes } from '../image-boxes.js'
import { type FilePart, memberPath } from '../image-place.js'

/**
 * An image that lies in another file. A set has millions of them: path and place are put together when they are asked
 * for.
 */
export class MemberImage implements LabelledImage {
  readonly label: number
  readonly boxes?: ImageBoxes
  readonly #file: string
  readonly #name: string
  readonly #begin: number
  readonly #size: number
  readonly #packing: Packing | undefined

  constructor({ file, begin, size, packing }: FilePart, name: string, label: number, boxes: ImageBoxes | undefined) {
    this.#file = file
    this.#name = name
    this.#begin = begin
    this.#size = size
    this.#packing = packing
    this.label = label
    if (boxes) this.boxes = boxes
  }

  get path(): string {
    return memberPath(this.#file, this.#name)
  }

  get part(): FilePart {
    const packing = this.#packing
    return { file: this.#file, begin: this.#begin, size: this.#size, ...(packing && { packing }) }
  }
}
