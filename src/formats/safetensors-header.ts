import { UserError } from '../base/error.js'
import type { Shape } from '../base/shape.js'
import { HeaderReader, quote } from './header-json.js'

/**
 * The header of a safetensors file: 8 bytes with the length N of the rest (little-endian), then N bytes of JSON padded
 * with spaces, then the data (https://github.com/huggingface/safetensors, "Format").
 */

const bytesOf = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const

/** Element types by the format's own names. Elements are little-endian, in row-major order. */
export type TensorType = keyof typeof bytesOf

/** Where a tensor lies: `length` bytes from `begin`, counted from the start of the data. */
export interface TensorInfo {
  readonly name: string
  readonly dtype: TensorType
  readonly shape: Shape
  readonly begin: number
  readonly length: number
}

export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly metadata: ReadonlyMap<string, string>
}

/** The reference implementation's limit on N. */
export const mostHeaderBytes = 100_000_000

const metadataKey = '__metadata__'

const isTensorType = (word: string): word is TensorType => Object.hasOwn(bytesOf, word)

/** Bytes of a tensor, or undefined when the count, or a partial product on the way to it, is above 2⁵³ − 1. */
export function tensorLength(dtype: TensorType, shape: Shape): number | undefined {
  let elements = 1
  for (const axis of shape) {
    elements *= axis
    if (!Number.isSafeInteger(elements)) return undefined
  }
  const length = elements * bytesOf[dtype]
  return Number.isSafeInteger(length) ? length : undefined
}

/**
 * Reads the header's JSON and checks it against the `dataBytes` bytes that follow it: every tensor's place must be what
 * its type and shape need, and the places must fill the data from end to end without hole or overlap.
 * Errors: `UserError` naming `file` and the reason.
 */
export function parseHeader(json: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const fail = (reason: string): never => {
    throw new UserError(`${file} is not a valid safetensors file: ${reason}; get it again`)
  }
  if (json[0] !== 0x7b) fail("the header does not start with '{'")
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
  } catch {
    return fail('the header is not UTF-8 text')
  }

  const tensors: TensorInfo[] = []
  const metadata = new Map<string, string>()
  const reader = new HeaderReader(text, fail)
  reader.object(key => {
    if (key === metadataKey) reader.object(name => metadata.set(name, reader.string()))
    else tensors.push(readTensor(reader, key, fail))
  })
  reader.end()

  tensors.sort((a, b) => a.begin - b.begin || a.length - b.length)
  let end = 0
  for (const { name, begin, length } of tensors) {
    if (begin !== end) fail(`tensor ${quote(name)} starts at byte ${begin} of the data, not at byte ${end}`)
    end = begin + length
  }
  if (end !== dataBytes) fail(`its tensors take ${end} bytes and ${dataBytes} bytes follow the header`)
  return { tensors: new Map(tensors.map(tensor => [tensor.name, tensor])), metadata }
}

function readTensor(reader: HeaderReader, name: string, fail: (reason: string) => never): TensorInfo {
  let dtype: string | undefined
  let shape: number[] | undefined
  let offsets: number[] | undefined
  const numbers = () => {
    const list: number[] = []
    reader.array(() => list.push(reader.wholeNumber()))
    return list
  }
  reader.object(field => {
    if (field === 'dtype') dtype = reader.string()
    else if (field === 'shape') shape = numbers()
    else if (field === 'data_offsets') offsets = numbers()
    else fail(`tensor ${quote(name)} has an unknown field ${quote(field)}`)
  })
  if (dtype === undefined || shape === undefined || offsets === undefined)
    return fail(`tensor ${quote(name)} lacks its dtype, shape or data_offsets`)
  if (!isTensorType(dtype)) return fail(`tensor ${quote(name)} has the unknown element type ${quote(dtype)}`)
  const [begin, end] = offsets
  if (offsets.length !== 2 || begin === undefined || end === undefined || end < begin)
    return fail(`the data_offsets of tensor ${quote(name)} are not a begin and an end`)
  const length = tensorLength(dtype, shape)
  if (length !== end - begin)
    return fail(`tensor ${quote(name)} has ${end - begin} bytes, which is not what its type and shape need`)
  return { name, dtype, shape, begin, length }
}

/**
 * Gives tensors their places, largest elements first so that each lies at a multiple of its element size, and
 * otherwise in the order given. Errors: a plain `Error` on a name that is there twice or that the format cannot hold.
 */
export function layOut<T extends Pick<TensorInfo, 'name' | 'dtype' | 'shape'>>(
  tensors: Iterable<T>,
): { readonly info: TensorInfo; readonly source: T }[] {
  const sorted = [...tensors].sort((a, b) => bytesOf[b.dtype] - bytesOf[a.dtype])
  const names = new Set<string>()
  let begin = 0
  return sorted.map(source => {
    const { name, dtype, shape } = source
    const length = shape.every(axis => Number.isSafeInteger(axis) && axis >= 0) ? tensorLength(dtype, shape) : undefined
    if (length === undefined) throw new Error(`tensor ${quote(name)} has an impossible shape: ${shape.join('×')}`)
    if (names.has(name)) throw new Error(`two tensors are called ${quote(name)}`)
    if (name === metadataKey) throw new Error(`a tensor cannot be called ${metadataKey}`)
    names.add(name)
    const info = { name, dtype, shape: [...shape], begin, length }
    begin += length
    return { info, source }
  })
}

/**
 * The bytes before the data: the length, then the JSON, padded so that the data starts at a multiple of 8. The metadata
 * comes first, in the order given. Errors: `UserError` when it is larger than readers accept.
 */
export function encodeHeader(
  tensors: readonly TensorInfo[],
  metadata: Readonly<Record<string, string>>,
  file: string,
): Uint8Array {
  const string = (text: string): string => {
    if (/\p{Surrogate}/u.test(text)) throw new Error(`${quote(text)} holds half a character`)
    return JSON.stringify(text)
  }
  const notes = Object.entries(metadata).map(([key, text]) => `${string(key)}:${string(text)}`)
  // Put together as text: as keys of an object, '__proto__' would be lost and numbers would change places.
  const entries = tensors.map(
    ({ name, dtype, shape, begin, length }) =>
      `${string(name)}:{"dtype":"${dtype}","shape":[${shape.join()}],"data_offsets":[${begin},${begin + length}]}`,
  )
  if (notes.length > 0) entries.unshift(`"${metadataKey}":{${notes.join()}}`)
  const json = new TextEncoder().encode(`{${entries.join()}}`)
  const padded = Math.ceil(json.length / 8) * 8
  if (padded > mostHeaderBytes)
    throw new UserError(`cannot write ${file}: its header would have ${padded} bytes, above the format's 100,000,000`)
  const bytes = new Uint8Array(8 + padded).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(json, 8)
  return bytes
}
