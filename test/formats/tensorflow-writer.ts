import { writeFileSync } from 'node:fs'
import { maskedCrc32c } from '../../src/formats/crc32c.js'
import { sliceKey } from '../../src/formats/tensorflow/slice-key.js'

/** Writers of TensorFlow's checkpoints, from the descriptions of the formats and apart from the readers. */

export type Bytes = Uint8Array

/** The same bytes as a Buffer; those of text in UTF-8. */
const asBuffer = (content: Bytes | string): Buffer =>
  typeof content === 'string'
    ? Buffer.from(content)
    : Buffer.from(content.buffer, content.byteOffset, content.byteLength)

export const varint = (value: number | bigint): Buffer => {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.of(...bytes, Number(rest))
}

export const numberField = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([varint(field * 8), varint(value)])

export const bytesField = (field: number, content: Bytes | string): Buffer => {
  const bytes = asBuffer(content)
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

export const fixed32Field = (field: number, value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return Buffer.concat([varint(field * 8 + 5), bytes])
}

export type TableItem = readonly [key: Bytes | string, value: Bytes]

export function encodeBlock(items: readonly TableItem[], interval = 16): Buffer {
  const parts: Buffer[] = []
  const restarts = [0]
  let length = 0
  let previous: Buffer = Buffer.alloc(0)
  items.forEach(([text, value], i) => {
    const key = asBuffer(text)
    let shared = 0
    if (i % interval === 0) {
      if (i > 0) restarts.push(length)
    } else while (shared < key.length && shared < previous.length && key[shared] === previous[shared]) shared++
    const part = Buffer.concat([
      varint(shared),
      varint(key.length - shared),
      varint(value.length),
      key.subarray(shared),
      value,
    ])
    parts.push(part)
    length += part.length
    previous = key
  })
  return Buffer.concat([...parts, restartPoints(restarts)])
}

export const restartPoints = (places: readonly number[]): Buffer =>
  Buffer.from(new Uint8Array(Uint32Array.of(...places, places.length).buffer))

export interface TableStyle {
  readonly snappy?: boolean
  readonly entriesPerBlock?: number
  /** Changes a block's content before its checksum is taken. */
  readonly alter?: (block: Buffer) => Bytes
  /** Changes a block after it has been compressed and before its checksum is taken. */
  readonly alterStored?: (block: Buffer) => Bytes
}

const same = (block: Buffer): Bytes => block

export function encodeTable(items: readonly TableItem[], style: TableStyle = {}): Buffer {
  const { snappy = false, entriesPerBlock = 5, alter = same, alterStored = same } = style
  const parts: Buffer[] = []
  let length = 0
  const place = (block: Buffer) => {
    const altered = asBuffer(alter(block))
    const content = asBuffer(alterStored(snappy ? compressSnappy(altered) : altered))
    const sealed = sealBlock(content, snappy ? 1 : 0)
    const handle = Buffer.concat([varint(length), varint(content.length)])
    parts.push(sealed)
    length += sealed.length
    return handle
  }
  const index: TableItem[] = []
  for (let at = 0; at < items.length; at += entriesPerBlock) {
    const group = items.slice(at, at + entriesPerBlock)
    index.push([group.at(-1)![0], place(encodeBlock(group))])
  }
  const meta = place(encodeBlock([]))
  const handles = Buffer.concat([meta, place(encodeBlock(index, 1))])
  return Buffer.concat([...parts, footer(handles)])
}

/** A block with what stands behind it: the kind of compression, and the checksum of both. */
export function sealBlock(content: Bytes, compression: number): Buffer {
  const sealed = Buffer.concat([content, Buffer.of(compression), Buffer.alloc(4)])
  sealed.writeUInt32LE(maskedCrc32c(sealed.subarray(0, content.length + 1)), content.length + 1)
  return sealed
}

export function footer(handles: Bytes): Buffer {
  const bytes = Buffer.alloc(48)
  bytes.set(handles)
  bytes.writeBigUInt64LE(0xdb4775248b80fb57n, 40)
  return bytes
}

/** Literals and copies of all three kinds, by turns, wherever four bytes have been there before. */
export function compressSnappy(bytes: Bytes): Buffer {
  const parts: Buffer[] = [varint(bytes.length)]
  const seen = new Map<string, number>()
  const content = asBuffer(bytes)
  let literal = 0
  const flush = (to: number) => {
    const length = to - literal
    if (length === 0) return
    const extra = length <= 60 ? 0 : length <= 256 ? 1 : 2
    const tag = Buffer.of((extra === 0 ? length - 1 : 59 + extra) << 2, (length - 1) & 255, (length - 1) >> 8)
    parts.push(tag.subarray(0, 1 + extra), content.subarray(literal, to))
  }
  for (let at = 0; at + 4 <= content.length; ) {
    const word = content.toString('latin1', at, at + 4)
    const before = seen.get(word)
    seen.set(word, at)
    if (before === undefined || at - literal > 60_000) {
      if (at - literal > 60_000) {
        flush(at)
        literal = at
      }
      at++
      continue
    }
    let length = 4
    while (length < 64 && at + length < content.length && content[before + length] === content[at + length]) length++
    flush(at)
    const distance = at - before
    if (length < 12 && distance < 2048)
      parts.push(Buffer.of(((distance >> 8) << 5) | ((length - 4) << 2) | 1, distance & 255))
    else if (distance < 65536 && parts.length % 3 > 0)
      parts.push(Buffer.of(((length - 1) << 2) | 2, distance & 255, distance >> 8))
    else {
      const tag = Buffer.alloc(5)
      tag[0] = ((length - 1) << 2) | 3
      tag.writeUInt32LE(distance, 1)
      parts.push(tag)
    }
    at += length
    literal = at
  }
  flush(content.length)
  return Buffer.concat(parts)
}

/** A range of an axis; undefined is the whole of it. */
export type Range = readonly [start: number, length: number] | undefined

export interface WrittenSlice {
  readonly ranges: readonly Range[]
  /** A TensorProto in a checkpoint of the first kind, elements in one of the second. */
  readonly data: Bytes
}

export interface WrittenTensor {
  readonly name: string
  /** DataType in tensorflow/core/framework/types.proto. */
  readonly dataType: number
  readonly shape: readonly number[]
  readonly slices: readonly WrittenSlice[]
}

export const shapeMessage = (shape: readonly number[]): Buffer =>
  Buffer.concat(shape.map(axis => bytesField(2, axis === 0 ? '' : numberField(1, axis))))

export const sliceMessage = (ranges: readonly Range[]): Buffer =>
  Buffer.concat(
    ranges.map(range =>
      bytesField(1, range === undefined ? '' : Buffer.concat([numberField(1, range[0]), numberField(2, range[1])])),
    ),
  )

export const keyOf = (name: string, ranges: readonly Range[]): Buffer =>
  sliceKey(
    name,
    ranges.map(range => ({ start: range?.[0] ?? 0, length: range?.[1] })),
  )

/** DT_FLOAT with the elements in a packed float_val. */
export const floatTensor = (values: readonly number[]): Buffer =>
  bytesField(5, new Uint8Array(Float32Array.from(values).buffer))

const byKey = (a: TableItem, b: TableItem) => Buffer.compare(asBuffer(a[0]), asBuffer(b[0]))

/** The records of a checkpoint of the first kind. */
export function slicedItems(tensors: readonly WrittenTensor[]): TableItem[] {
  const list = tensors.map(({ name, dataType, shape, slices }) =>
    bytesField(
      1,
      Buffer.concat([
        bytesField(1, name),
        bytesField(2, shapeMessage(shape)),
        numberField(3, dataType),
        ...slices.map(slice => bytesField(4, sliceMessage(slice.ranges))),
      ]),
    ),
  )
  const records = tensors.flatMap(({ name, slices }) =>
    slices.map(({ ranges, data }): TableItem => {
      const slice = Buffer.concat([bytesField(1, name), bytesField(2, sliceMessage(ranges)), bytesField(3, data)])
      return [keyOf(name, ranges), bytesField(2, slice)]
    }),
  )
  return [['', bytesField(1, Buffer.concat(list))], ...records.sort(byKey)]
}

export const writeSliced = (file: string, tensors: readonly WrittenTensor[], style?: TableStyle): void =>
  writeFileSync(file, encodeTable(slicedItems(tensors), style))

export interface EntryFields {
  readonly dataType: number
  readonly shape: readonly number[]
  readonly shard?: number
  readonly offset?: number
  readonly length?: number
  readonly checksum?: number
  readonly slices?: readonly (readonly Range[])[]
}

export const entryMessage = (entry: EntryFields): Buffer =>
  Buffer.concat([
    numberField(1, entry.dataType),
    bytesField(2, shapeMessage(entry.shape)),
    numberField(3, entry.shard ?? 0),
    numberField(4, entry.offset ?? 0),
    numberField(5, entry.length ?? 0),
    fixed32Field(6, entry.checksum ?? 0),
    ...(entry.slices ?? []).map(ranges => bytesField(7, sliceMessage(ranges))),
  ])

export const headerMessage = (shards: number, endianness = 0, leastReader = 0): Buffer =>
  Buffer.concat([
    numberField(1, shards),
    numberField(2, endianness),
    bytesField(3, Buffer.concat([numberField(1, 1), numberField(2, leastReader)])),
  ])

const wholeOf = (shape: readonly number[], ranges: readonly Range[]) => shape.map((axis, i) => ranges[i]?.[1] ?? axis)

/** Writes a bundle, its slices going to the shards by turns; returns the items of its index. */
export function writeBundle(
  prefix: string,
  tensors: readonly WrittenTensor[],
  shards: number,
  style?: TableStyle,
): TableItem[] {
  const data = Array.from({ length: shards }, () => ({ parts: [] as Bytes[], length: 0 }))
  let turn = 0
  const store = (dataType: number, shape: readonly number[], bytes: Bytes) => {
    const shard = turn++ % shards
    const { parts, length: offset } = data[shard]!
    parts.push(bytes)
    data[shard]!.length += bytes.length
    return entryMessage({ dataType, shape, shard, offset, length: bytes.length, checksum: maskedCrc32c(bytes) })
  }
  const items: TableItem[] = [['', headerMessage(shards)]]
  for (const { name, dataType, shape, slices } of tensors) {
    const [first] = slices
    if (slices.length === 1 && first !== undefined) items.push([name, store(dataType, shape, first.data)])
    else {
      items.push([name, entryMessage({ dataType, shape, slices: slices.map(slice => slice.ranges) })])
      for (const { ranges, data } of slices)
        items.push([keyOf(name, ranges), store(dataType, wholeOf(shape, ranges), data)])
    }
  }
  items.sort(byKey)
  writeFileSync(`${prefix}.index`, encodeTable(items, style))
  const digits = (number: number) => String(number).padStart(5, '0')
  for (const [shard, { parts }] of data.entries())
    writeFileSync(`${prefix}.data-${digits(shard)}-of-${digits(shards)}`, Buffer.concat(parts))
  return items
}
