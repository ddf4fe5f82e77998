import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { decompressLz4, decompressLz4Raw, decompressZstd } from 'hyparquet-compressors'
import type { Fail } from './file-error.js'
import type { Codec } from './file-stretch.js'
import { decompressElements } from './snappy.js'

/** Gives `length` bytes of what was packed, or throws whatever it likes. */
type Unpack = (packed: Uint8Array, length: number) => Uint8Array

const codecs: Readonly<Record<Codec, Unpack>> = {
  /** Snappy's elements without the length before them. */
  snappy: (packed, length) =>
    decompressElements(packed, length, reason => {
      throw new Error(reason)
    }),
  gzip: (packed, length) => gunzipSync(packed, { maxOutputLength: length }),
  brotli: (packed, length) => brotliDecompressSync(packed, { maxOutputLength: length }),
  zstd: (packed, length) => decompressZstd(packed, new Uint8Array(length)),
  /** Blocks with lengths before them, as Hadoop writes it, or one block. */
  lz4: decompressLz4,
  lz4Raw: decompressLz4Raw,
}

/** What `packed` stands for, `length` bytes. Errors: where it is damaged, by `fail`. */
export function unpack(codec: Codec, packed: Uint8Array, length: number, fail: Fail): Uint8Array {
  if (length === 0) return new Uint8Array(0)
  let bytes: Uint8Array
  try {
    bytes = codecs[codec](packed, length)
  } catch {
    // Each library has errors of its own, among them those of memory that it has overrun.
    return fail(`cannot be unpacked (${codec})`)
  }
  return bytes.length === length ? bytes : fail(`unpacks to ${bytes.length} bytes instead of ${length} (${codec})`)
}
