import type { Shape } from '../../base/shape.js'
import type { Fail } from '../file-error.js'
import { wireFields } from '../protobuf-wire.js'
import type { TensorType } from '../safetensors-header.js'

/**
 * The protocol buffers of TensorFlow's checkpoints, by the numbers of their fields in tensorflow/core/framework
 * (tensor_shape, tensor_slice, types, versions) and tensorflow/core/protobuf (saved_tensor_slice, tensor_bundle).
 */

/** DataType in types.proto, as far as it is numbers. Strings, resources and the like have no elements of one size. */
const dataTypes: ReadonlyMap<number, TensorType> = new Map([
  [1, 'F32'],
  [2, 'F64'],
  [3, 'I32'],
  [4, 'U8'],
  [5, 'I16'],
  [6, 'I8'],
  [9, 'I64'],
  [10, 'BOOL'],
  [14, 'BF16'],
  [17, 'U16'],
  [19, 'F16'],
  [22, 'U32'],
  [23, 'U64'],
  [24, 'F8_E5M2'],
  [25, 'F8_E4M3'],
])

/** The element type of a DataType; undefined for what is no tensor of numbers. */
export const tensorTypeOf = (dataType: number): TensorType | undefined => dataTypes.get(dataType)

/** TensorShape::MaxDimensions. */
const mostAxes = 254

/** A part of one axis; without a length it is the whole axis. */
export interface Extent {
  readonly start: number
  readonly length: number | undefined
}

/** SavedSliceMeta. */
export interface SavedTensor {
  readonly name: string
  readonly shape: Shape
  readonly dataType: number
  readonly slices: readonly (readonly Extent[])[]
}

/** SavedSlice; `data` is a TensorProto. */
export interface SavedSlice {
  readonly name: string
  readonly extents: readonly Extent[]
  readonly data: Uint8Array
}

/** BundleEntryProto. */
export interface BundleEntry {
  readonly dataType: number
  readonly shape: Shape
  readonly shard: number
  readonly offset: number
  readonly length: number
  /** Masked CRC-32C of the bytes. */
  readonly checksum: number
  readonly slices: readonly (readonly Extent[])[]
}

/** BundleHeaderProto. */
export interface BundleHeader {
  readonly shards: number
  readonly littleEndian: boolean
  /** The oldest reader that understands the file. */
  readonly leastReader: number
}

/** TensorShapeProto: dim = 2 of Dim.size = 1, unknown_rank = 3. */
function readShape(message: Uint8Array, fail: Fail): number[] {
  const shape: number[] = []
  for (const field of wireFields(message, fail, [2])) {
    if (field.number === 3 && field.word() !== 0n) fail('a tensor has no shape')
    if (field.number !== 2) continue
    if (shape.length === mostAxes) fail(`a tensor has more than ${mostAxes} axes`)
    let length = 0
    for (const part of wireFields(field.bytes(), fail)) if (part.number === 1) length = part.count()
    shape.push(length)
  }
  return shape
}

/** TensorSliceProto: extent = 1 of Extent.start = 1 and Extent.length = 2. */
function readExtents(message: Uint8Array, fail: Fail): Extent[] {
  const extents: Extent[] = []
  for (const field of wireFields(message, fail, [1])) {
    if (field.number !== 1) continue
    if (extents.length === mostAxes) fail(`a slice has more than ${mostAxes} axes`)
    let start = 0
    let length: number | undefined
    for (const part of wireFields(field.bytes(), fail)) {
      if (part.number === 1) start = part.count()
      else if (part.number === 2) length = part.count()
    }
    extents.push({ start, length })
  }
  return extents
}

/** The contents of SavedTensorSlices: meta = 1 of tensor = 1, and data = 2; the one that is not there is undefined. */
export function readSavedTensorSlices(message: Uint8Array, fail: Fail) {
  let meta: Uint8Array | undefined
  let data: SavedSlice | undefined
  for (const field of wireFields(message, fail)) {
    if (field.number === 1) meta = field.bytes()
    else if (field.number === 2) data = readSavedSlice(field.bytes(), fail)
  }
  return { meta, data }
}

/** SavedTensorSliceMeta: tensor = 1. */
export function* readSavedTensors(meta: Uint8Array, fail: Fail): Generator<SavedTensor> {
  for (const field of wireFields(meta, fail, [1])) if (field.number === 1) yield readSavedTensor(field.bytes(), fail)
}

/** SavedSliceMeta: name = 1, shape = 2, type = 3, slice = 4. */
function readSavedTensor(message: Uint8Array, fail: Fail): SavedTensor {
  let name = ''
  let shape: Shape = []
  let dataType = 0
  const slices: Extent[][] = []
  for (const field of wireFields(message, fail, [4])) {
    if (field.number === 1) name = field.text()
    else if (field.number === 2) shape = readShape(field.bytes(), fail)
    else if (field.number === 3) dataType = field.count()
    else if (field.number === 4) slices.push(readExtents(field.bytes(), fail))
  }
  return { name, shape, dataType, slices }
}

/** SavedSlice: name = 1, slice = 2, data = 3. */
function readSavedSlice(message: Uint8Array, fail: Fail): SavedSlice {
  let name = ''
  let extents: Extent[] = []
  let data = new Uint8Array() as Uint8Array
  for (const field of wireFields(message, fail)) {
    if (field.number === 1) name = field.text()
    else if (field.number === 2) extents = readExtents(field.bytes(), fail)
    else if (field.number === 3) data = field.bytes()
  }
  return { name, extents, data }
}

/** BundleHeaderProto: num_shards = 1, endianness = 2 (0 is little), version = 3 of VersionDef.min_consumer = 2. */
export function readBundleHeader(message: Uint8Array, fail: Fail): BundleHeader {
  let shards = 0
  let endianness = 0
  let leastReader = 0
  for (const field of wireFields(message, fail)) {
    if (field.number === 1) shards = field.count()
    else if (field.number === 2) endianness = field.count()
    else if (field.number === 3)
      for (const part of wireFields(field.bytes(), fail, [3])) if (part.number === 2) leastReader = part.count()
  }
  return { shards, littleEndian: endianness === 0, leastReader }
}

/** BundleEntryProto: dtype = 1, shape = 2, shard_id = 3, offset = 4, size = 5, crc32c = 6, slices = 7. */
export function readBundleEntry(message: Uint8Array, fail: Fail): BundleEntry {
  let dataType = 0
  let shape: Shape = []
  let shard = 0
  let offset = 0
  let length = 0
  let checksum = 0
  const slices: Extent[][] = []
  for (const field of wireFields(message, fail, [7])) {
    if (field.number === 1) dataType = field.count()
    else if (field.number === 2) shape = readShape(field.bytes(), fail)
    else if (field.number === 3) shard = field.count()
    else if (field.number === 4) offset = field.count()
    else if (field.number === 5) length = field.count()
    else if (field.number === 6) checksum = Buffer.from(field.elements(4)).readUInt32LE()
    else if (field.number === 7) slices.push(readExtents(field.bytes(), fail))
  }
  return { dataType, shape, shard, offset, length, checksum, slices }
}
