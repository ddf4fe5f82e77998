import { SharedMemory } from '../base/shared-memory.js'

/** File paths in shared memory: a list of a million is held once, not once a process. */
export class PathList {
  readonly #ends: Float64Array
  readonly #bytes: Uint8Array
  readonly #decoder = new TextDecoder()

  constructor({ buffer: memory }: SharedMemory) {
    const count = new Float64Array(memory, 0, 1)[0]!
    this.#ends = new Float64Array(memory, 8, count)
    this.#bytes = new Uint8Array(memory, 8 + count * 8)
  }

  /** Layout: the number of paths and the end of each one's UTF-8 bytes as float64, then the bytes. */
  static pack(paths: readonly string[]): SharedMemory {
    const lengths = paths.map(path => Buffer.byteLength(path))
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const shared = SharedMemory.reserve(8 + paths.length * 8 + total)
    const memory = shared.buffer
    new Float64Array(memory, 0, 1)[0] = paths.length
    const ends = new Float64Array(memory, 8, paths.length)
    const bytes = Buffer.from(memory, 8 + paths.length * 8, total)
    let end = 0
    paths.forEach((path, i) => {
      bytes.write(path, end)
      ends[i] = end += lengths[i]!
    })
    return shared
  }

  at(index: number): string {
    return this.#decoder.decode(this.#bytes.subarray(index === 0 ? 0 : this.#ends[index - 1]!, this.#ends[index]!))
  }
}
