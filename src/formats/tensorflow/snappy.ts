import type { Fail } from '../file-error.js'
import { readVarint } from '../varint.js'

/** A copy of 64 bytes takes three: no byte of a block stands for more than this. */
const mostGrowth = 64 / 3

/**
 * A block in Snappy's raw format, decompressed (google/snappy, format_description.txt): the length, then literals and
 * copies of what is already there. A block that claims more than `most` bytes, or more than its own could stand for, is
 * refused before memory is asked for.
 */
export function decompressSnappy(block: Uint8Array, most: number, fail: Fail): Uint8Array {
  const length = readVarint(block, 0)
  if (length === undefined || length.value > Math.min(most, Math.ceil(block.length * mostGrowth)))
    return fail(`a compressed block of ${block.length} bytes claims ${length?.value ?? 'too many'}`)
  const target = new Uint8Array(Number(length.value))
  const number = (at: number, bytes: number): number => {
    let value = 0
    for (let i = bytes - 1; i >= 0; i--)
      value = value * 256 + (block[at + i] ?? fail('a compressed block is cut short'))
    return value
  }
  let done = 0
  for (let at = length.end; at < block.length; ) {
    const tag = block[at]!
    const kind = tag & 3
    const extra = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind
    const operand = number(at + 1, extra)
    at += 1 + extra
    if (kind === 0) {
      const count = (extra === 0 ? tag >> 2 : operand) + 1
      if (count > target.length - done || count > block.length - at) return fail('a compressed block is damaged')
      target.set(block.subarray(at, at + count), done)
      at += count
      done += count
    } else {
      const count = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
      const distance = kind === 1 ? (tag >> 5) * 256 + operand : operand
      if (distance === 0 || distance > done || count > target.length - done)
        return fail('a compressed block is damaged')
      // Byte by byte: a copy may reach into what it writes, which repeats a pattern.
      for (let i = 0; i < count; i++, done++) target[done] = target[done - distance]!
    }
  }
  if (done !== target.length) return fail('a compressed block is cut short')
  return target
}
