import type { Fail } from '../file-error.js'

/**
 * Numbers in runs and in packs of bits (apache/parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid"):
 * levels, and places in a dictionary. hyparquet has a reader too, which believes the length of a run: four bytes make it
 * write two thousand million numbers.
 *
 * @param width bits a number, at most 32
 * @returns `count` numbers. Errors: where `bytes` do not hold as many
 */
export function readHybrid(bytes: Uint8Array, width: number, count: number, fail: Fail): Uint32Array {
  if (width > 32) return fail(`has numbers of ${width} bits`)
  const numbers = new Uint32Array(count)
  if (width === 0) return numbers
  const byte = (at: number): number => bytes[at] ?? fail('has a page whose numbers are cut short')
  const bits = (first: number): number => {
    let value = 0
    for (let have = 0; have < width; ) {
      const within = (first + have) % 8
      const take = Math.min(8 - within, width - have)
      value += ((byte(Math.floor((first + have) / 8)) >> within) % 2 ** take) * 2 ** have
      have += take
    }
    return value
  }
  for (let at = 0, done = 0; done < count; ) {
    let head = 0
    for (let shift = 0, next = 128; next > 127; shift += 7) {
      if (shift > 28) return fail('has a page with a run out of range')
      next = byte(at++)
      head += (next & 127) * 2 ** shift
    }
    const length = Math.floor(head / 2)
    if (head % 2 === 0) {
      let value = 0
      for (let shift = 0; shift < width; shift += 8) value += byte(at++) * 2 ** shift
      numbers.fill(value, done, done + length)
      done += length
    } else {
      // A pack has eight; the last may reach beyond the numbers, and then its bytes need not all be there.
      for (let i = 0; i < length * 8 && done < count; i++) numbers[done++] = bits(at * 8 + i * width)
      at += length * width
    }
  }
  return numbers
}
