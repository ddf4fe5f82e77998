import { SharedMemory } from '../base/shared-memory.js'
import type { Extent } from './crops/protocol.js'
import type { RgbImage } from './decode.js'

/** What processes share of one cache. */
export interface CacheMemory {
  readonly pixels: SharedMemory
  /** Four words an image: state, first block in `pixels`, width, height; then one word, the blocks taken. */
  readonly table: SharedMemory
}

const absent = 0
const claimed = 1
const present = 2
const tooLarge = 3
const wordsPerImage = 4
const bytesPerBlock = 16

/**
 * Decoded images shared by processes, filled until its memory is used up; nothing is ever thrown out, since every epoch
 * wants every image again and each replacement would cost a later miss. Whether an image is in it changes the time a
 * sample takes and nothing else.
 */
export class ImageCache {
  readonly #pixels: Uint8Array
  readonly #table: Int32Array
  readonly #blocks: number
  readonly #taken: number
  #overflowed = false

  constructor(memory: CacheMemory) {
    this.#pixels = new Uint8Array(memory.pixels.buffer)
    this.#table = new Int32Array(memory.table.buffer)
    this.#blocks = Math.floor(memory.pixels.buffer.byteLength / bytesPerBlock)
    this.#taken = this.#table.length - 1
  }

  /**
   * Memory for a cache of up to `bytes` bytes over `images` images. The system commits it only as it fills; where even
   * the reservation fails, the cache is empty and every image is decoded anew.
   */
  static reserve(images: number, bytes: number): CacheMemory {
    const table = SharedMemory.reserve((images * wordsPerImage + 1) * 4)
    try {
      return { pixels: SharedMemory.reserve(Math.min(Math.max(0, Math.floor(bytes)), 2 ** 32)), table }
    } catch {
      return { pixels: SharedMemory.reserve(0), table }
    }
  }

  /** Whether the memory was reserved for this many images. */
  static fits(memory: CacheMemory, images: number): boolean {
    return memory.table.buffer.byteLength === (images * wordsPerImage + 1) * 4
  }

  get(index: number): RgbImage | undefined {
    const at = index * wordsPerImage
    if (Atomics.load(this.#table, at) !== present) return undefined
    const start = this.#table[at + 1]! * bytesPerBlock
    const width = this.#table[at + 2]!
    const height = this.#table[at + 3]!
    return { width, height, rgb: this.#pixels.subarray(start, start + width * height * 3) }
  }

  /** The size of an image that was decoded whole, and so is sound, but found no room. */
  sizeWithoutPixels(index: number): Extent | undefined {
    const at = index * wordsPerImage
    if (Atomics.load(this.#table, at) !== tooLarge) return undefined
    return { width: this.#table[at + 2]!, height: this.#table[at + 3]! }
  }

  /** Bytes that images have taken so far, put by whichever process. */
  get takenBytes(): number {
    return Atomics.load(this.#table, this.#taken) * bytesPerBlock
  }

  /** Whether this view has met an image that there was no room for. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  /** Keeps a copy of a whole image if there is room and no other process has done so, else its size. */
  put(index: number, image: RgbImage): void {
    const at = index * wordsPerImage
    const blocks = Math.ceil(image.rgb.length / bytesPerBlock)
    if (Atomics.compareExchange(this.#table, at, absent, claimed) !== absent) return
    this.#table[at + 2] = image.width
    this.#table[at + 3] = image.height
    let start = Atomics.load(this.#table, this.#taken)
    for (;;) {
      if (start + blocks > this.#blocks) {
        this.#overflowed = true
        Atomics.store(this.#table, at, tooLarge)
        return
      }
      const found = Atomics.compareExchange(this.#table, this.#taken, start, start + blocks)
      if (found === start) break
      start = found
    }
    this.#pixels.set(image.rgb, start * bytesPerBlock)
    this.#table[at + 1] = start
    Atomics.store(this.#table, at, present)
  }
}
