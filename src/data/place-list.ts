import { SharedMemory } from '../base/shared-memory.js'
import { codecNames } from '../formats/file-stretch.js'
import type { FilePart, ImagePlace } from './image-place.js'
import { PathList } from './path-list.js'

/** What processes share of one list. */
export interface PlaceMemory {
  /** Every file once. */
  readonly files: SharedMemory
  /** Three float64 an image: which file, first byte and bytes; undefined where image i is the whole of file i. */
  readonly parts: SharedMemory | undefined
  /** Four float64 an image: which codec, bytes unpacked, first byte of these and bytes; undefined where nothing is packed. */
  readonly packings: SharedMemory | undefined
}

/** Where bytes lie: in the whole of a file, or in a part of it. */
export type Place = { readonly file: string } | FilePart

const wordsPerPart = 3
/** A size that says: the whole file. */
const whole = -1
const wordsPerPacking = 4
/** A codec that says: not packed. */
const plain = -1

/** Places of images in shared memory: a list of a million is held once, not once a process. */
export class PlaceList {
  readonly #files: PathList
  readonly #parts: Float64Array | undefined
  readonly #packings: Float64Array | undefined

  constructor({ files, parts, packings }: PlaceMemory) {
    this.#files = new PathList(files)
    this.#parts = parts && new Float64Array(parts.buffer)
    this.#packings = packings && new Float64Array(packings.buffer)
  }

  static pack(places: readonly ImagePlace[]): PlaceMemory {
    const found = places.map(({ part }) => part)
    if (found.every(part => part === undefined))
      return { files: PathList.pack(places.map(({ path }) => path)), parts: undefined, packings: undefined }
    const parts = wordsFor(places.length, wordsPerPart)
    const packings = found.some(part => part?.packing) ? wordsFor(places.length, wordsPerPacking) : undefined
    const numbers = new Map<string, number>()
    for (const [i, part] of found.entries()) {
      const file = part?.file ?? places[i]!.path
      const number = numbers.get(file) ?? numbers.size
      numbers.set(file, number)
      parts.words.set([number, part?.begin ?? 0, part?.size ?? whole], i * wordsPerPart)
      const { codec, unpacked, begin, size } = part?.packing ?? { codec: undefined, unpacked: 0, begin: 0, size: 0 }
      packings?.words.set([codec ? codecNames.indexOf(codec) : plain, unpacked, begin, size], i * wordsPerPacking)
    }
    return { files: PathList.pack([...numbers.keys()]), parts: parts.memory, packings: packings?.memory }
  }

  at(index: number): Place {
    if (!this.#parts) return { file: this.#files.at(index) }
    const [number, begin, size] = this.#parts.subarray(index * wordsPerPart, (index + 1) * wordsPerPart)
    const file = this.#files.at(number!)
    if (size === whole) return { file }
    const packing = this.#packingAt(index)
    return { file, begin: begin!, size: size!, ...(packing && { packing }) }
  }

  #packingAt(index: number): FilePart['packing'] {
    const words = this.#packings?.subarray(index * wordsPerPacking, (index + 1) * wordsPerPacking)
    const codec = words && codecNames[words[0]!]
    return codec && { codec, unpacked: words[1]!, begin: words[2]!, size: words[3]! }
  }
}

function wordsFor(count: number, each: number) {
  const memory = SharedMemory.reserve(count * each * 8)
  return { memory, words: new Float64Array(memory.buffer) }
}
