/** A number as protocol buffers and LevelDB's tables write it, and where the bytes after it start. */
export interface Varint {
  /** In [0, 2⁶⁴). */
  readonly value: bigint
  readonly end: number
}

/** Seven bits a byte, lowest first: 64 bits take ten bytes, the last of which holds one bit. */
const mostBytes = 10

/** The varint at byte `at`; undefined when the bytes end within it or it has more than 64 bits. */
export function readVarint(bytes: Uint8Array, at: number): Varint | undefined {
  let value = 0n
  let low = 0
  for (let i = 0; i < mostBytes; i++) {
    const byte = bytes[at + i]
    if (byte === undefined || (i === mostBytes - 1 && byte > 1)) return undefined
    // Four groups of seven bits fit a number; most varints end there.
    if (i < 4) low += (byte & 0x7f) << (7 * i)
    else value |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte < 0x80) return { value: value | BigInt(low), end: at + i + 1 }
  }
  return undefined
}
