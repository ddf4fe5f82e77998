import type { Fail } from './file-error.js'
import type { InputFile } from './input-file.js'
import { wireFields } from './protobuf-wire.js'
import type { RecordExtent } from './tfrecord.js'
import { readVarint } from './varint.js'

/** A record's list of values under one key: bytes, floats or whole numbers. Read when asked for. */
export interface Feature {
  /** Where the first of the byte strings lies in the file; undefined where there is none. */
  extent(): RecordExtent | undefined
  /** The first of the byte strings as UTF-8 text. */
  text(): string | undefined
  /** float32 */
  floats(): Float32Array
  integers(): readonly bigint[]
}

/** A feature's kind is the number of its field in `Feature`. */
const kinds = { bytes: 1, floats: 2, integers: 3 } as const

/** Texts and lists that say something of an image are far smaller. */
const mostListBytes = 2 ** 20
const pieceBytes = 4096

/**
 * The features of a `tf.train.Example` by name (tensorflow/core/example/example.proto and feature.proto). Only what
 * stands between the values is read, so an image in it costs no more than a number: two or three reads of 4 KiB a record.
 *
 * Errors: what `fail` throws where the record is no Example, or a feature is asked for as what it is not.
 */
export function readExample(input: InputFile, { begin, size }: RecordExtent, fail: Fail): ReadonlyMap<string, Feature> {
  const reader = new ExampleReader(input, begin + size, fail)
  const features = new Map<string, Feature>()
  const record = { begin, end: begin + size }
  for (const all of reader.messages(record, 1))
    for (const entry of reader.messages(all, 1)) {
      const [key, value] = [reader.first(entry, 1), reader.first(entry, 2)]
      if (!key) return fail('has a feature without a name')
      features.set(reader.textOf(key), reader.feature(value))
    }
  return features
}

/** Bytes of the file, from `begin` to before `end`. */
interface Span {
  readonly begin: number
  readonly end: number
}

class ExampleReader {
  readonly #input: InputFile
  readonly #end: number
  readonly #fail: Fail
  #piece: Uint8Array = new Uint8Array(0)
  #pieceBegin = 0

  /** @param end of the record: nothing after it is read */
  constructor(input: InputFile, end: number, fail: Fail) {
    this.#input = input
    this.#end = end
    this.#fail = fail
  }

  /** The contents of the fields of that number in a message, which are byte strings or messages; others are passed over. */
  *messages({ begin, end }: Span, number: number): Generator<Span> {
    for (let at = begin; at < end; ) {
      const key = this.#varint(at, end)
      const length = this.#varint(key.end, end)
      if ((key.value & 7) !== 2) return this.#fail('is no Example')
      const next = length.end + length.value
      if (next > end) return this.#fail('has a field that ends outside it')
      if (key.value >> 3 === number) yield { begin: length.end, end: next }
      at = next
    }
  }

  first(message: Span, number: number): Span | undefined {
    for (const found of this.messages(message, number)) return found
    return undefined
  }

  feature(value: Span | undefined): Feature {
    // Of a feature without values not even the kind need be there.
    const list = (kind: number) => value && this.#list(value, kind)
    const extent = () => {
      const found = list(kinds.bytes)
      const first = found && this.first(found, 1)
      return first && { begin: first.begin, size: first.end - first.begin }
    }
    return {
      extent,
      text: () => {
        const found = extent()
        return found && this.textOf({ begin: found.begin, end: found.begin + found.size })
      },
      floats: () => {
        const parts = this.#values(list(kinds.floats)).map(field => field.elements(4).slice())
        return Float32Array.from(parts.flatMap(part => [...new Float32Array(part.buffer)]))
      },
      integers: () => this.#values(list(kinds.integers)).flatMap(field => [...field.words()]),
    }
  }

  textOf(span: Span): string {
    const bytes = this.#bytes(span)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      return this.#fail('has a text that is not UTF-8')
    }
  }

  #list(value: Span, kind: number): Span | undefined {
    if (value.begin === value.end) return undefined
    return this.first(value, kind) ?? this.#fail('has a feature of another kind than its name says')
  }

  #values(list: Span | undefined) {
    return list ? [...wireFields(this.#bytes(list), this.#fail, [1])].filter(field => field.number === 1) : []
  }

  #bytes({ begin, end }: Span): Uint8Array {
    if (end - begin > mostListBytes) return this.#fail('has a text or list of over a megabyte')
    return this.#read(begin, end - begin).subarray(0, end - begin)
  }

  /** A varint below 2⁵³; keys have less than 32 bits. */
  #varint(at: number, end: number): { readonly value: number; readonly end: number } {
    const bytes = this.#read(at, Math.min(10, end - at))
    const found = readVarint(bytes, 0)
    if (!found || found.value > 2n ** 48n) return this.#fail('is no Example')
    return { value: Number(found.value), end: at + found.end }
  }

  /** At least `length` bytes from `at` on, from the piece at hand if they are in it. */
  #read(at: number, length: number): Uint8Array {
    const inPiece = at >= this.#pieceBegin && at + length <= this.#pieceBegin + this.#piece.length
    if (!inPiece) {
      this.#piece = this.#input.read(at, Math.min(Math.max(length, pieceBytes), this.#end - at))
      this.#pieceBegin = at
    }
    return this.#piece.subarray(at - this.#pieceBegin)
  }
}
