import { readVarint } from '../varint.js'

/** Kinds of values in Thrift's compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md), as Parquet has them. */
const kinds = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 }

/** Parquet's own structs lie seven deep. */
const mostDepth = 24

/**
 * Where the struct at byte `at` ends; undefined where it is cut short, or is none. hyparquet believes the lengths it
 * reads: it asks for memory for lists that are not there, and reads a number for as long as its bytes go on. So it is
 * given what has been gone through here.
 */
export function thriftStructEnd(bytes: Uint8Array, at: number, depth = 0): number | undefined {
  if (depth > mostDepth) return undefined
  while (at < bytes.length) {
    const head = bytes[at++]!
    const kind = head & 15
    if (kind === kinds.stop) return at
    const value = head >> 4 === 0 ? numberEnd(bytes, at) : at
    const isBoolean = kind === kinds.true || kind === kinds.false
    const end = value === undefined || isBoolean ? value : valueEnd(bytes, value, kind, depth)
    if (end === undefined) return undefined
    at = end
  }
  return undefined
}

function valueEnd(bytes: Uint8Array, at: number, kind: number, depth: number): number | undefined {
  switch (kind) {
    case kinds.true:
    case kinds.false:
    case kinds.byte:
      return within(bytes, at + 1)
    case kinds.i16:
    case kinds.i32:
    case kinds.i64:
      return numberEnd(bytes, at)
    case kinds.double:
      return within(bytes, at + 8)
    case kinds.binary: {
      const length = readVarint(bytes, at)
      return length && within(bytes, length.end + Number(length.value))
    }
    case kinds.list:
      return listEnd(bytes, at, depth)
    case kinds.struct:
      return thriftStructEnd(bytes, at, depth + 1)
    default:
      return undefined
  }
}

/** Every element takes a byte at least, so no list is longer than what is there. */
function listEnd(bytes: Uint8Array, at: number, depth: number): number | undefined {
  const head = bytes[at]
  if (head === undefined || depth >= mostDepth) return undefined
  const length = head >> 4 === 15 ? readVarint(bytes, at + 1) : { value: BigInt(head >> 4), end: at + 1 }
  if (!length || length.value > bytes.length) return undefined
  let end: number | undefined = length.end
  for (let left = Number(length.value); left > 0 && end !== undefined; left--)
    end = valueEnd(bytes, end, head & 15, depth + 1)
  return end
}

/** hyparquet reads numbers of 32 bits as such, however many are there. */
const numberEnd = (bytes: Uint8Array, at: number): number | undefined => readVarint(bytes, at)?.end

const within = (bytes: Uint8Array, end: number): number | undefined => (end <= bytes.length ? end : undefined)
