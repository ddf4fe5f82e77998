import { SharedMemory } from '../base/shared-memory.js'
import type { ImagePlace } from './image-place.js'
import { PathList } from './path-list.js'

/** What processes share of one list. */
export interface PlaceMemory {
  /** Every file once. */
  readonly files: SharedMemory
  /** Three float64 an image: which file, first byte and bytes; undefined where image i is the whole of file i. */
  readonly parts: SharedMemory | undefined
}

/** Where bytes lie: in the whole of a file, or in `size` bytes of it from `begin` on. */
export type Place = { readonly file: string } | { readonly file: string; readonly begin: number; readonly size: number }

const wordsPerPart = 3
/** A size that says: the whole file. */
const whole = -1

/** Places of images in shared memory: a list of a million is held once, not once a process. */
export class PlaceList {
  readonly #files: PathList
  readonly #parts: Float64Array | undefined

  constructor({ files, parts }: PlaceMemory) {
    this.#files = new PathList(files)
    this.#parts = parts && new Float64Array(parts.buffer)
  }

  static pack(places: readonly ImagePlace[]): PlaceMemory {
    if (places.every(({ part }) => part === undefined))
      return { files: PathList.pack(places.map(({ path }) => path)), parts: undefined }
    const memory = SharedMemory.reserve(places.length * wordsPerPart * 8)
    const parts = new Float64Array(memory.buffer)
    const numbers = new Map<string, number>()
    for (const [i, { path, part }] of places.entries()) {
      const file = part?.file ?? path
      const number = numbers.get(file) ?? numbers.size
      numbers.set(file, number)
      parts.set([number, part?.begin ?? 0, part?.size ?? whole], i * wordsPerPart)
    }
    return { files: PathList.pack([...numbers.keys()]), parts: memory }
  }

  at(index: number): Place {
    if (!this.#parts) return { file: this.#files.at(index) }
    const [number, begin, size] = this.#parts.subarray(index * wordsPerPart, (index + 1) * wordsPerPart)
    const file = this.#files.at(number!)
    return size === whole ? { file } : { file, begin: begin!, size: size! }
  }
}
