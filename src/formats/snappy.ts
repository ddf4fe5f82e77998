import type { Fail } from './file-error.js'
import { readVarint } from './varint.js'

/** A copy of 64 bytes takes three: no byte of a block stands for more than this. */
const mostGrowth = 64 / 3

/**
 * A block in Snappy's raw format, decompressed (google/snappy, format_description.txt): the length, then literals and
 * copies of what is already there. A block that claims more than `most` bytes, or more than its own could stand for, is
 * refused before memory is asked for.
 */
export function decompressSnappy(block: Uint8Array, most: number, fail: Fail): Uint8Array<ArrayBuffer> {
  const { value, end } = readSnappyLength(block, fail)
  return decompressElements(block.subarray(end), value <= most ? Number(value) : tooLong(block, value, fail), fail)
}

/** The length that a block says it unpacks to, and where its elements begin. */
export const readSnappyLength = (block: Uint8Array, fail: Fail) =>
  readVarint(block, 0) ?? fail(`a compressed block of ${block.length} bytes claims too many`)

/**
 * Literals and copies by themselves, without the length that stands before them in a block: what
 * {@link snappySeams} divides is decompressed so. Errors: where they do not give `length` bytes.
 */
export function decompressElements(elements: Uint8Array, length: number, fail: Fail): Uint8Array<ArrayBuffer> {
  if (length > Math.ceil(elements.length * mostGrowth)) return tooLong(elements, length, fail)
  const target = new Uint8Array(length)
  walk(elements, length, fail, (done, count, distance, at) => {
    if (distance === 0) target.set(elements.subarray(at, at + count), done)
    else if (distance >= count) target.copyWithin(done, done - distance, done - distance + count)
    // Byte by byte: a copy may reach into what it writes, which repeats a pattern.
    else for (let i = done; i < done + count; i++) target[i] = target[i - distance]!
  })
  return target
}

/** A place where elements can be divided: nothing after it copies from before it. */
export interface Seam {
  /** Bytes of elements before it. */
  readonly packed: number
  /** Bytes that they stand for. */
  readonly unpacked: number
}

/** Google's compressor, and others after it, begin anew so often. */
const fragmentBytes = 65536

/**
 * Where elements that stand for `length` bytes can be divided, in order, the beginning and the end among them. Each
 * stretch between two seams can be decompressed by itself. Errors: as {@link decompressElements}.
 */
export function snappySeams(elements: Uint8Array, length: number, fail: Fail): readonly Seam[] {
  const seams: Seam[] = []
  walk(elements, length, fail, (done, _, distance, __, tag) => {
    if (done % fragmentBytes === 0) seams.push({ packed: tag, unpacked: done })
    if (distance > 0) while (seams.at(-1)!.unpacked > done - distance) seams.pop()
  })
  if (length > 0) seams.push({ packed: elements.length, unpacked: length })
  return seams
}

/**
 * Hears of each element how much was there before it, the bytes that it gives, how far back it copies them from (0 for a
 * literal), where a literal's bytes stand, and where the element begins.
 */
type Visit = (done: number, count: number, distance: number, at: number, tag: number) => void

function walk(elements: Uint8Array, length: number, fail: Fail, visit: Visit): void {
  const number = (at: number, bytes: number): number => {
    let value = 0
    for (let i = bytes - 1; i >= 0; i--)
      value = value * 256 + (elements[at + i] ?? fail('a compressed block is cut short'))
    return value
  }
  let done = 0
  for (let tag = 0; tag < elements.length; ) {
    const first = elements[tag]!
    const kind = first & 3
    const extra = kind === 0 ? Math.max(0, (first >> 2) - 59) : kind === 3 ? 4 : kind
    const operand = number(tag + 1, extra)
    const at = tag + 1 + extra
    const count = kind === 1 ? ((first >> 2) & 7) + 4 : (kind === 0 && extra > 0 ? operand : first >> 2) + 1
    const distance = kind === 0 ? 0 : kind === 1 ? (first >> 5) * 256 + operand : operand
    const isSound = kind === 0 ? count <= elements.length - at : distance > 0 && distance <= done
    if (!isSound || count > length - done) fail('a compressed block is damaged')
    visit(done, count, distance, at, tag)
    done += count
    tag = kind === 0 ? at + count : at
  }
  if (done !== length) fail('a compressed block is cut short')
}

const tooLong = (block: Uint8Array, length: bigint | number, fail: Fail): never =>
  fail(`a compressed block of ${block.length} bytes claims ${length}`)
