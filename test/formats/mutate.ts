import type { RandomStream } from '../../src/base/random.js'

/** Numbers that a length, a count or an offset must not be believed to be. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53, 2 ** 63]

const below = (random: RandomStream, most: number) => (most < 1 ? 0 : random.uint32() % most)

/** A copy of `bytes` with one to three places damaged: bits, numbers, pieces lost, doubled or exchanged, an end cut off. */
export function mutate(bytes: Uint8Array, random: RandomStream): Buffer {
  let damaged: Buffer = Buffer.from(bytes)
  for (let left = 1 + below(random, 3); left > 0; left--)
    damaged = injuries[below(random, injuries.length)]!(damaged, random)
  return damaged
}

const injuries: readonly ((bytes: Buffer, random: RandomStream) => Buffer)[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[below(random, bytes.length)]! ^= 1 << below(random, 8)
    return bytes
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[below(random, bytes.length)] = below(random, 256)
    return bytes
  },
  (bytes, random) => {
    const word = Buffer.alloc(8)
    word.writeBigUInt64LE(BigInt(extremes[below(random, extremes.length)]!))
    word.copy(bytes, below(random, bytes.length), 0, [1, 2, 4, 8][below(random, 4)]!)
    return bytes
  },
  (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    bytes.copy(bytes, below(random, bytes.length), from, to)
    return bytes
  },
]

/** A short piece, as instructions and headers are. */
function range(bytes: Buffer, random: RandomStream): [from: number, to: number] {
  const from = below(random, bytes.length)
  return [from, Math.min(bytes.length, from + 1 + below(random, 40))]
}
