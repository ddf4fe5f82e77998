/** Bytes that are made only when it is their turn to be written. */
export interface Deferred {
  readonly length: number
  /** Exactly `length` bytes. */
  bytes(): Uint8Array
}

// Wire types of protocol buffers (https://protobuf.dev/programming-guides/encoding).
const varintType = 0
const eightBytes = 1
const delimited = 2
const fourBytes = 5

/**
 * A protocol buffer's message while it is put together, field by field in the order of the calls. Its length is known
 * before any deferred bytes are made, so a message of hundreds of megabytes is written without being held.
 */
export class WireMessage {
  readonly #pieces: (Uint8Array | Deferred)[] = []
  #length = 0

  /** Bytes of the message when it is written. */
  get length(): number {
    return this.#length
  }

  /** A whole number of at least 0. */
  int(field: number, value: number): this {
    return this.#put(Buffer.concat([tag(field, varintType), varint(value)]))
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value)
    return this.#put(Buffer.concat([tag(field, fourBytes), bytes]))
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    return this.#put(Buffer.concat([tag(field, eightBytes), bytes]))
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value))
  }

  bytes(field: number, content: Uint8Array | Deferred): this {
    this.#put(Buffer.concat([tag(field, delimited), varint(content.length)]))
    return this.#put(content)
  }

  message(field: number, content: WireMessage): this {
    this.#put(Buffer.concat([tag(field, delimited), varint(content.length)]))
    for (const piece of content.#pieces) this.#put(piece)
    return this
  }

  /** The message from its first byte, in pieces; small ones are joined. */
  *pieces(): Generator<Uint8Array> {
    let small: Uint8Array[] = []
    for (const piece of this.#pieces) {
      if (piece instanceof Uint8Array) {
        small.push(piece)
        continue
      }
      yield Buffer.concat(small)
      small = []
      const bytes = piece.bytes()
      if (bytes.length !== piece.length)
        throw new Error(`${bytes.length} bytes were made where ${piece.length} were announced`)
      yield bytes
    }
    yield Buffer.concat(small)
  }

  /** The whole message at once. */
  encode(): Uint8Array {
    return Buffer.concat([...this.pieces()])
  }

  #put(piece: Uint8Array | Deferred): this {
    this.#pieces.push(piece)
    this.#length += piece.length
    return this
  }
}

const tag = (field: number, wireType: number): Buffer => varint(field * 8 + wireType)

function varint(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`cannot encode ${value} as a varint`)
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
