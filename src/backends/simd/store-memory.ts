import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { type ThreadMemory, webAssembly } from '../../base/webassembly.js'

const page = 65536
const alignment = 64
/** Growing is a system call and a new buffer object, so memory grows by at least this much. */
const stride = 16 * 2 ** 20

/** The most that 32-bit addresses reach. */
export const largestMemory = 65536 * page

interface Range {
  readonly offset: number
  readonly bytes: number
}

/**
 * The shared memory that holds all persistent tensors, and who owns which bytes of it. Blocks are 64-byte aligned (what
 * oneDNN wants), zero when handed out, and never move: growing extends the memory in place, so an address taken from
 * `buffer` stays good. Only the length of older `SharedArrayBuffer` objects is stale, so take fresh views.
 */
export class StoreMemory {
  readonly memory: ThreadMemory
  readonly #limit: number
  readonly #blocks = new Map<number, number>()
  /** Released ranges below `#top`, by offset, no two touching. */
  #holes: Range[] = []
  #top = 0
  /** Everything from here on has never been handed out, so it is zero. */
  #untouched = 0
  #used = 0

  /** The memory never grows beyond `limit` bytes, rounded down to whole pages of 64 KiB. */
  constructor(limit: number = largestMemory) {
    if (!(Number.isInteger(limit) && limit >= page && limit <= largestMemory))
      throw new UserError(`tensor memory of ${limit} bytes: give from ${page} to ${largestMemory} bytes`, 2)
    const maximum = Math.floor(limit / page)
    try {
      this.memory = new webAssembly.Memory({ initial: 1, maximum, shared: true })
    } catch (cause) {
      throw new UserError(
        `cannot reserve ${formatBytes(maximum * page)} of address space for tensors: lift the limit (ulimit -v)`,
        1,
        { cause },
      )
    }
    this.#limit = maximum * page
  }

  /** The whole memory as it is now. Its base address is that of offset 0 and never changes. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer
  }

  /** Bytes in blocks that have been allocated and not released. */
  get used(): number {
    return this.#used
  }

  /** Bytes that the largest block that is sure to fit may have. */
  get room(): number {
    return this.#limit - this.#top
  }

  /** The offset of a new block of `bytes` zero bytes, a multiple of 64; the first is 0. Throws when memory runs out. */
  allocate(bytes: number): number {
    if (!(Number.isSafeInteger(bytes) && bytes >= 0))
      throw new UserError(`cannot allocate ${bytes} bytes: give a whole number of bytes`)
    const size = aligned(Math.max(bytes, 1))
    const offset = this.#takeHole(size) ?? this.#takeTop(size)
    const dirty = Math.min(offset + size, this.#untouched) - offset
    if (dirty > 0) new Uint8Array(this.buffer, offset, dirty).fill(0)
    this.#untouched = Math.max(this.#untouched, offset + size)
    this.#blocks.set(offset, size)
    this.#used += size
    return offset
  }

  /** Gives a block back. Whatever still points into it must not be used again. */
  release(offset: number): void {
    const bytes = this.#blocks.get(offset)
    if (bytes === undefined)
      throw new UserError(`no block starts at ${offset}: release each offset that allocate() returned, once`)
    this.#blocks.delete(offset)
    this.#used -= bytes
    const merged: Range[] = []
    let hole: Range = { offset, bytes }
    for (const other of this.#holes)
      if (other.offset + other.bytes === hole.offset) hole = { offset: other.offset, bytes: other.bytes + hole.bytes }
      else if (hole.offset + hole.bytes === other.offset) hole = { ...hole, bytes: hole.bytes + other.bytes }
      else merged.push(other)
    if (hole.offset + hole.bytes === this.#top) this.#top = hole.offset
    else merged.push(hole)
    this.#holes = merged.sort((a, b) => a.offset - b.offset)
  }

  #takeHole(size: number): number | undefined {
    const index = this.#holes.findIndex(hole => hole.bytes >= size)
    const hole = this.#holes[index]
    if (hole === undefined) return undefined
    const rest = { offset: hole.offset + size, bytes: hole.bytes - size }
    this.#holes.splice(index, 1, ...(rest.bytes > 0 ? [rest] : []))
    return hole.offset
  }

  #takeTop(size: number): number {
    const offset = this.#top
    const end = offset + size
    const length = this.buffer.byteLength
    if (end > this.#limit) throw this.#exhausted(size)
    if (end > length) {
      const wanted = Math.min(Math.max(end, length + stride), this.#limit)
      try {
        this.memory.grow(Math.ceil((wanted - length) / page))
      } catch (cause) {
        throw this.#exhausted(size, cause)
      }
    }
    this.#top = end
    return offset
  }

  #exhausted(size: number, cause?: unknown): UserError {
    return new UserError(
      `out of tensor memory: ${formatBytes(size)} more than the ${formatBytes(this.#used)} in use ` +
        `${cause === undefined ? `exceeds ${formatBytes(this.#limit)}` : 'was refused by the system'}; ` +
        'use a narrower network, or an optimiser that keeps less state',
      1,
      { cause },
    )
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment
