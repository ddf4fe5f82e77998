import { UserError } from '../../base/error.js'
import { maskedCrc32c } from '../crc32c.js'
import type { Fail } from '../file-error.js'
import { InputFile } from '../input-file.js'
import { decompressSnappy } from '../snappy.js'
import { readVarint } from '../varint.js'
import { blockEntries, type TableEntry } from './table-block.js'

/** Where a block lies in a table, in bytes, without the five bytes behind it. */
export interface BlockPlace {
  readonly offset: number
  readonly length: number
}

export interface PlacedEntry extends TableEntry {
  readonly block: BlockPlace
}

const footerBytes = 48
/** The kind of compression and the masked CRC-32C of block and kind. */
const trailerBytes = 5
const magic = 0xdb4775248b80fb57n
/** What a block may become when it is decompressed, in a file that is smaller still: writers close blocks at 256 KiB. */
const mostFromSmallFile = 2 ** 20
/** The writer repeats a whole key after every 16 entries, so prefixes cannot save more. */
const mostKeySharing = 16

/** Whether a file ends as a table does. Errors: `UserError` when it cannot be read. */
export function endsLikeTable(path: string): boolean {
  using input = new InputFile(path)
  return footerOf(input) !== undefined
}

/** The last bytes of a table; undefined where a file does not end as one does. */
function footerOf(input: InputFile): Uint8Array | undefined {
  if (input.size < footerBytes) return undefined
  const footer = input.read(input.size - footerBytes, footerBytes)
  return new DataView(footer.buffer).getBigUint64(footerBytes - 8, true) === magic ? footer : undefined
}

/**
 * A table of keys and values, as TensorFlow keeps tensors and indices of tensors in (tensorflow/core/lib/io/table.cc,
 * format.cc; LevelDB's format without its filters): blocks of entries in the order of their keys, an index block that
 * names them, and a footer of 48 bytes that names the index. Only one block is in memory at a time.
 */
export class TableFile implements Disposable {
  readonly path: string
  readonly #input: InputFile
  readonly #index: BlockPlace
  readonly #fail: Fail

  /** Errors: `UserError` when the file cannot be read or does not end as a table does. */
  constructor(path: string) {
    this.path = path
    this.#fail = reason => {
      throw new UserError(`${path} is a damaged TensorFlow checkpoint: ${reason}; get it again`)
    }
    this.#input = new InputFile(path)
    try {
      this.#index = this.#readFooter()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Bytes. */
  get size(): number {
    return this.#input.size
  }

  /**
   * Every entry in the order of the keys, each block verified against its checksum. Errors: `UserError` on keys that are
   * there twice or out of order, and on an index that does not name the blocks one after the other.
   */
  *entries(): Generator<PlacedEntry> {
    const fail = this.#fail
    let previous: Buffer | undefined
    let end = 0
    let keyBytes = 0
    for (const { key: last, value } of blockEntries(this.block(this.#index), fail)) {
      const block = this.#place(value, 0, value.length)
      if (block.offset < end) fail('its index names a block twice or out of order')
      end = block.offset + block.length + trailerBytes
      for (const entry of blockEntries(this.block(block), fail)) {
        if (previous !== undefined && Buffer.compare(entry.key, previous) <= 0)
          fail('its keys are not in order, or one is there twice')
        previous = entry.key
        keyBytes += entry.key.length
        if (keyBytes > mostKeySharing * this.size) fail('its keys take far more bytes than the file has')
        yield { ...entry, block }
      }
      if (previous !== undefined && Buffer.compare(previous, last) > 0) fail('its index does not fit its blocks')
      previous = last
    }
  }

  /** The content of a block, verified and decompressed. */
  block({ offset, length }: BlockPlace): Uint8Array {
    const bytes = this.#input.read(offset, length + trailerBytes)
    const stored = new DataView(bytes.buffer).getUint32(length + 1, true)
    if (stored !== maskedCrc32c(bytes.subarray(0, length + 1)))
      this.#fail(`the block at byte ${offset} fails its checksum`)
    const content = bytes.subarray(0, length)
    const compression = bytes[length]!
    if (compression === 0) return content
    if (compression === 1) return decompressSnappy(content, Math.max(this.size, mostFromSmallFile), this.#fail)
    return this.#fail(`the block at byte ${offset} is compressed in an unknown way (${compression})`)
  }

  close(): void {
    this.#input.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #readFooter(): BlockPlace {
    const footer = footerOf(this.#input)
    if (footer === undefined)
      throw new UserError(
        `${this.path} is no TensorFlow checkpoint, or is cut short: it does not end as one does; check the path, unpack an archive first`,
      )
    // The block of the meta-index, which holds nothing here, comes first.
    const handles = footer.subarray(0, footerBytes - 8)
    const afterMeta = this.#handle(handles, 0).end
    return this.#place(handles, afterMeta, undefined)
  }

  /** A block's place as a handle gives it; `end` is where the handle must end. */
  #place(bytes: Uint8Array, at: number, end: number | undefined): BlockPlace {
    const handle = this.#handle(bytes, at)
    if (end !== undefined && handle.end !== end) this.#fail('its index has a damaged entry')
    const most = BigInt(this.#input.size - footerBytes - trailerBytes)
    if (handle.offset > most || handle.length > most - handle.offset) this.#fail('it names a block beyond its end')
    return { offset: Number(handle.offset), length: Number(handle.length) }
  }

  #handle(bytes: Uint8Array, at: number) {
    const offset = readVarint(bytes, at)
    const length = offset === undefined ? undefined : readVarint(bytes, offset.end)
    if (offset === undefined || length === undefined) return this.#fail('the place of a block is damaged')
    return { offset: offset.value, length: length.value, end: length.end }
  }
}
