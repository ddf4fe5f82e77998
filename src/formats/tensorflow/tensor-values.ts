import type { Fail } from '../file-error.js'
import { type WireField, wireFields } from '../protobuf-wire.js'
import { type TensorType, tensorLength } from '../safetensors-header.js'

type Writer = (view: DataView, at: number, word: bigint) => void

/** A field of TensorProto (tensorflow/core/framework/tensor.proto) that holds the elements of a type. */
interface ValueField {
  readonly number: number
  /** How to write an element that is a varint; without it, elements lie there in bytes. */
  readonly write?: Writer
}

const writeByte: Writer = (view, at, word) => view.setUint8(at, Number(word & 0xffn))
const write16: Writer = (view, at, word) => view.setUint16(at, Number(word & 0xffffn), true)
const write32: Writer = (view, at, word) => view.setUint32(at, Number(word & 0xffffffffn), true)
const write64: Writer = (view, at, word) => view.setBigUint64(at, word, true)

const valueFields: Readonly<Partial<Record<TensorType, ValueField>>> = {
  F32: { number: 5 },
  F64: { number: 6 },
  I32: { number: 7, write: write32 },
  I16: { number: 7, write: write16 },
  U16: { number: 7, write: write16 },
  I8: { number: 7, write: writeByte },
  U8: { number: 7, write: writeByte },
  I64: { number: 10, write: write64 },
  BOOL: { number: 11, write: (view, at, word) => view.setUint8(at, word === 0n ? 0 : 1) },
  F16: { number: 13, write: write16 },
  BF16: { number: 13, write: write16 },
  U32: { number: 16, write: write32 },
  U64: { number: 17, write: write64 },
}

const contentField = 4

/**
 * The `count` elements of a TensorProto, little-endian: from the list of their type, as the first kind of checkpoint
 * holds them, or from tensor_content. Type and shape are not repeated there.
 */
export function readTensorValues(
  message: Uint8Array,
  dtype: TensorType,
  count: number,
  fail: Fail,
): Uint8Array<ArrayBuffer> {
  const size = tensorLength(dtype, [])!
  const values = valueFields[dtype]
  // An element takes a byte at least, so what is not there asks for no memory.
  if (count > message.length) return fail(`a slice of ${count} elements has ${message.length} bytes`)
  const target = new Uint8Array(count * size)
  let done = 0
  for (const field of wireFields(message, fail, values === undefined ? [] : [values.number])) {
    if (field.number === values?.number) done += readList(field, values, target.subarray(done), size, fail)
    else if (field.number === contentField) {
      const bytes = field.bytes()
      if (bytes.length !== target.length - done) fail(`a slice of ${target.length} bytes has ${bytes.length}`)
      target.set(bytes, done)
      done += bytes.length
    }
  }
  if (done !== target.length) return fail(`a slice of ${count} elements has ${done / size}`)
  return target
}

/** Writes the elements of one field to `target`; returns the bytes that they take. */
function readList(field: WireField, { write }: ValueField, target: Uint8Array, size: number, fail: Fail): number {
  if (write === undefined) {
    const bytes = field.elements(size)
    if (bytes.length > target.length) fail('a slice has too many elements')
    target.set(bytes)
    return bytes.length
  }
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength)
  let at = 0
  for (const word of field.words()) {
    if (at === target.length) fail('a slice has too many elements')
    write(view, at, word)
    at += size
  }
  return at
}
