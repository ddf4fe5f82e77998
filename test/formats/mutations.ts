import type { RandomStream } from '../../src/base/random.js'

/** How a parser took damaged files. */
export interface Outcomes {
  readonly read: number
  readonly refused: number
}

/** What hostile files put where a length, an offset or a count is expected. */
const numbers = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff]

/** A damaged copy: a bit flipped, bytes cut, put in, copied or set to an extreme number, at a random place. */
export function mutate(bytes: Uint8Array, random: RandomStream): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length < 8) return Buffer.concat([copy, Buffer.of(random.integer(256))])
  const at = random.integer(copy.length)
  switch (random.integer(6)) {
    case 0:
      copy[at] = copy[at]! ^ (1 << random.integer(8))
      return copy
    case 1:
      return copy.subarray(0, at)
    case 2:
      return Buffer.concat([copy.subarray(0, at), Buffer.of(random.integer(256)), copy.subarray(at)])
    case 3:
      copy.copyWithin(random.integer(copy.length), at, at + random.integer(24))
      return copy
    case 4:
      copy.writeUInt32LE(numbers[random.integer(numbers.length)]!, random.integer(copy.length - 3))
      return copy
    default:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random.integer(4))])
  }
}
