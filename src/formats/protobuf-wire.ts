import type { Fail } from './file-error.js'
import { readVarint } from './varint.js'

/**
 * Reads protocol buffers off the wire (https://protobuf.dev/programming-guides/encoding), field by field as the caller
 * asks, so that a message of hundreds of megabytes is a view of its bytes and nothing is built for one that is none. The
 * few messages of weight files that are read with it have a dozen fields: code generated from their definitions would
 * copy every number into an array first, and brings a library.
 */

/** One field; each method gives its value, or fails when the field is not written as that kind of value. */
export class WireField {
  readonly number: number
  readonly #value: bigint | Uint8Array
  readonly #fixed: boolean
  readonly #fail: Fail

  constructor(number: number, value: bigint | Uint8Array, fixed: boolean, fail: Fail) {
    this.number = number
    this.#value = value
    this.#fixed = fixed
    this.#fail = fail
  }

  /** A varint as it stands, in [0, 2⁶⁴); a negative number is its two's complement. */
  word(): bigint {
    return typeof this.#value === 'bigint' ? this.#value : this.#wrong('a number')
  }

  /** A varint that counts something: from 0 to 2⁵³ − 1. */
  count(): number {
    const word = this.word()
    return word <= Number.MAX_SAFE_INTEGER ? Number(word) : this.#fail(`field ${this.number} is out of range`)
  }

  /** The content of a string, of a message or of a packed list. */
  bytes(): Uint8Array {
    return typeof this.#value === 'bigint' || this.#fixed ? this.#wrong('bytes') : this.#value
  }

  text(): string {
    const bytes = this.bytes()
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      return this.#fail(`field ${this.number} is not UTF-8 text`)
    }
  }

  /** Elements of `size` bytes (4 or 8), little-endian: one by itself, or a packed list of them. */
  elements(size: number): Uint8Array {
    if (typeof this.#value === 'bigint') return this.#wrong(`elements of ${size} bytes`)
    const { length } = this.#value
    if (this.#fixed ? length !== size : length % size !== 0) return this.#wrong(`elements of ${size} bytes`)
    return this.#value
  }

  /** Varints: one by itself, or a packed list of them. */
  *words(): Generator<bigint> {
    if (typeof this.#value === 'bigint') {
      yield this.#value
      return
    }
    const bytes = this.bytes()
    for (let at = 0; at < bytes.length; ) {
      const varint = readVarint(bytes, at)
      if (varint === undefined) return this.#wrong('a list of numbers')
      yield varint.value
      at = varint.end
    }
  }

  #wrong(expected: string): never {
    return this.#fail(`field ${this.number} is not ${expected}`)
  }
}

/**
 * The fields of a message in order. A field that is not in `repeated` may be there once: readers differ on what two of
 * them mean (the last one, or both merged), so they would load different weights.
 */
export function* wireFields(message: Uint8Array, fail: Fail, repeated: readonly number[] = []): Generator<WireField> {
  const seen = new Set<number>()
  for (let at = 0; at < message.length; ) {
    const key = readVarint(message, at)
    if (key === undefined || key.value > 0xffffffffn || key.value < 8n) return fail('a message has an impossible field')
    const number = Number(key.value >> 3n)
    if (!repeated.includes(number)) {
      if (seen.has(number)) fail(`field ${number} of a message is there twice`)
      seen.add(number)
    }
    const wireType = Number(key.value & 7n)
    let start = key.end
    let length: number
    if (wireType === 1 || wireType === 5) length = wireType === 1 ? 8 : 4
    else if (wireType === 0 || wireType === 2) {
      const varint = readVarint(message, start)
      if (varint === undefined) return fail('a message ends within a field')
      start = varint.end
      if (wireType === 0) {
        yield new WireField(number, varint.value, false, fail)
        at = start
        continue
      }
      if (varint.value > message.length - start) return fail('a message ends within a field')
      length = Number(varint.value)
    } else return fail(`a message has the unknown wire type ${wireType}`)
    at = start + length
    if (at > message.length) return fail('a message ends within a field')
    yield new WireField(number, message.subarray(start, at), wireType !== 2, fail)
  }
}
