import type { ImagePlace } from './image-place.js'
import { PathList } from './path-list.js'

/** What threads pass to each other to share one list. */
export interface PlaceMemory {
  /** Every file once. */
  readonly files: SharedArrayBuffer
  /** Three float64 an image: which file, first byte and bytes; undefined where image i is the whole of file i. */
  readonly parts: SharedArrayBuffer | undefined
}

/** Where bytes lie: in the whole of a file, or in `size` bytes of it from `begin` on. */
export type Place = { readonly file: string } | { readonly file: string; readonly begin: number; readonly size: number }

const wordsPerPart = 3
/** A size that says: the whole file. */
const whole = -1

/** Places of images in shared memory: a list of a million is held once, not once a thread. */
export class PlaceList {
  readonly #files: PathList
  readonly #parts: Float64Array | undefined

  constructor({ files, parts }: PlaceMemory) {
    this.#files = new PathList(files)
    this.#parts = parts && new Float64Array(parts)
  }

  static pack(places: readonly ImagePlace[]): PlaceMemory {
    if (places.every(({ part }) => part === undefined))
      return { files: PathList.pack(places.map(({ path }) => path)), parts: undefined }
    const parts = new Float64Array(new SharedArrayBuffer(places.length * wordsPerPart * 8))
    const numbers = new Map<string, number>()
    for (const [i, { path, part }] of places.entries()) {
      const file = part?.file ?? path
      const number = numbers.get(file) ?? numbers.size
      numbers.set(file, number)
      parts.set([number, part?.begin ?? 0, part?.size ?? whole], i * wordsPerPart)
    }
    return { files: PathList.pack([...numbers.keys()]), parts: parts.buffer as SharedArrayBuffer }
  }

  at(index: number): Place {
    if (!this.#parts) return { file: this.#files.at(index) }
    const [number, begin, size] = this.#parts.subarray(index * wordsPerPart, (index + 1) * wordsPerPart)
    const file = this.#files.at(number!)
    return size === whole ? { file } : { file, begin: begin!, size: size! }
  }
}
