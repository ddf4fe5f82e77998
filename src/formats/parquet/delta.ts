import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import type { Fail } from '../file-error.js'
import { readVarint } from '../varint.js'

/**
 * Numbers of 32 bits in the encoding DELTA_BINARY_PACKED (apache/parquet-format, Encodings.md), and where the bytes after
 * them begin. The sizes of blocks are looked at before hyparquet does: with ones that cannot be it would go backwards,
 * for ever. Errors: where `bytes` do not hold `count` numbers.
 */
export function readDeltas(
  bytes: Uint8Array,
  count: number,
  fail: Fail,
): { readonly numbers: Int32Array; readonly end: number } {
  const block = readVarint(bytes, 0)
  const packs = block && readVarint(bytes, block.end)
  const isSound =
    packs &&
    block.value > 0n &&
    block.value % 128n === 0n &&
    packs.value > 0n &&
    block.value % (packs.value * 32n) === 0n
  if (!isSound || block.value > mostInBlock) return fail('has a page with blocks out of range')
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 }
  const numbers = new Int32Array(count)
  try {
    deltaBinaryUnpack(reader, count, numbers)
  } catch {
    return fail('has a page whose numbers are cut short')
  }
  return { numbers, end: reader.offset }
}

/** Writers use 128, or a few times as many. */
const mostInBlock = 2n ** 20n
