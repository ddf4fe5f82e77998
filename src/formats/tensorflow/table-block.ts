import type { Fail } from '../file-error.js'
import { readVarint } from '../varint.js'

export interface TableEntry {
  readonly key: Buffer
  readonly value: Uint8Array
  /** Where the value starts in the block. */
  readonly start: number
}

/** Far beyond a tensor's name; keys share prefixes, so a few bytes of a file can stand for a key of this length. */
const mostKeyBytes = 4096

/**
 * The entries of a block in order (tensorflow/core/lib/io/block.cc): each a length shared with the key before, the length
 * of the rest, the value's length, the rest of the key, the value; then the places of the entries that share nothing,
 * and their count. These restart points only serve to find a key faster; a block in which they name other entries would
 * read differently elsewhere and is refused.
 */
export function* blockEntries(block: Uint8Array, fail: Fail): Generator<TableEntry> {
  if (block.length < 4) return fail('a block is too short')
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  const restarts = view.getUint32(block.length - 4, true)
  const end = block.length - 4 - restarts * 4
  if (restarts === 0 || end < 0) return fail('a block has an impossible number of restart points')
  const number = (at: number) => {
    const varint = readVarint(block, at)
    if (varint === undefined || varint.end > end || varint.value > 0xffffffffn)
      return fail('a block has a damaged entry')
    return { value: Number(varint.value), end: varint.end }
  }
  let restart = 0
  let key = Buffer.alloc(0)
  for (let at = 0; at < end; ) {
    const shared = number(at)
    const unshared = number(shared.end)
    const length = number(unshared.end)
    const start = length.end + unshared.value
    if (restart < restarts && view.getUint32(end + 4 * restart, true) === at) {
      if (shared.value !== 0) fail('a restart point names an entry that needs the one before')
      restart++
    }
    if (shared.value > key.length || start + length.value > end) fail('a block has an entry beyond its end')
    if (shared.value + unshared.value > mostKeyBytes) fail(`a block has a key of more than ${mostKeyBytes} bytes`)
    key = Buffer.concat([key.subarray(0, shared.value), block.subarray(length.end, start)])
    at = start + length.value
    yield { key, value: block.subarray(start, at), start }
  }
  // A block without entries has one restart point all the same, at its start.
  const unused = end === 0 && view.getUint32(0, true) === 0 ? 1 : 0
  if (restart + unused !== restarts) fail('a block has a restart point that names no entry')
}
