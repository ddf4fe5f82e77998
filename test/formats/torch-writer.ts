import { crc32 } from 'node:zlib'
import {
  bool,
  call,
  global,
  list,
  none,
  orderedDict,
  type Part,
  persistent,
  pickle,
  text,
  tuple,
  whole,
} from './pickle-writer.js'

// Files as PyTorch writes them, from the description of torch/serialization.py and APPNOTE.TXT of zip.

export interface Storage {
  readonly key: string
  /** 'FloatStorage' … */
  readonly type: string
  readonly elements: number
  readonly bytes: Uint8Array
}

export interface Tensor {
  readonly name: string
  readonly storage: Storage
  readonly begin: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

/** The strides of a row-major tensor. */
export const rowMajor = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))

/** Tensors with a storage each. */
export const separate = (
  tensors: readonly {
    readonly name: string
    readonly type: string
    readonly shape: readonly number[]
    readonly bytes: Uint8Array
  }[],
): Tensor[] =>
  tensors.map(({ name, type, shape, bytes }, i) => ({
    name,
    storage: { key: `${i}`, type, elements: shape.reduce((product, size) => product * size, 1), bytes },
    begin: 0,
    shape,
    strides: rowMajor(shape),
  }))

export const storageId = ({ key, type, elements }: Storage, ...view: readonly Part[]): Part =>
  persistent(tuple(text('storage'), global('torch', type), text(key), text('cpu'), whole(elements), ...view))

const numbers = (values: readonly number[]): Part => tuple(...values.map(whole))

/** A tensor as `_rebuild_tensor_v2` makes it of a storage. */
export const rebuild = (storage: Part, { begin, shape, strides }: Omit<Tensor, 'name' | 'storage'>): Part =>
  call(
    global('torch._utils', '_rebuild_tensor_v2'),
    ...[storage, whole(begin), numbers(shape), numbers(strides), bool(false), orderedDict()],
  )

/** The pickle of a state dict; the older form says of each storage that it is no view. */
export const stateDict = (tensors: readonly Tensor[], form: 'zip' | 'legacy'): Part =>
  orderedDict(
    ...tensors.map(
      tensor =>
        [text(tensor.name), rebuild(storageId(tensor.storage, ...(form === 'legacy' ? [none] : [])), tensor)] as const,
    ),
  )

const storagesOf = (tensors: readonly Tensor[]): Storage[] => [
  ...new Map(tensors.map(({ storage }) => [storage.key, storage])).values(),
]

/** A file of the form that PyTorch has written since 1.6. */
export const zipFile = (tensors: readonly Tensor[], object: Part = stateDict(tensors, 'zip')): Buffer =>
  zip([
    { name: 'archive/data.pkl', data: pickle(object) },
    { name: 'archive/byteorder', data: Buffer.from('little') },
    ...storagesOf(tensors).map(({ key, bytes }) => ({ name: `archive/data/${key}`, data: bytes })),
    { name: 'archive/version', data: Buffer.from('3\n') },
  ])

/** A file of the form before that. */
export function legacyFile(tensors: readonly Tensor[], object: Part = stateDict(tensors, 'legacy')): Buffer {
  const storages = storagesOf(tensors)
  const machine = orderedDict([text('protocol_version'), whole(1001)], [text('little_endian'), bool(true)])
  return Buffer.concat([
    ...[
      whole(0x1950a86a20f9469cfc6cn),
      whole(1001),
      machine,
      object,
      list(...storages.map(({ key }) => text(key))),
    ].map(pickle),
    ...storages.flatMap(({ elements, bytes }) => [length64(elements), bytes]),
  ])
}

function length64(value: number): Buffer {
  const word = Buffer.alloc(8)
  word.writeBigUInt64LE(BigInt(value))
  return word
}

export interface Entry {
  readonly name: string
  readonly data: Uint8Array
  /** 0 is stored. */
  readonly method?: number
  /** @default the data's */
  readonly crc?: number
  /** Where the directory says that the entry's header lies, if not where it does. */
  readonly at?: number
  /** The length that the directory gives, if not the data's. */
  readonly length?: number
}

/** A zip archive; the data begin at multiples of 64, as PyTorch's do, by a longer extra field. */
export function zip(entries: readonly Entry[], count: number = entries.length): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, data, method = 0, crc = crc32(data), at: claimed = at, length = data.length } of entries) {
    const title = Buffer.from(name)
    const padding = (64 - ((at + 30 + title.length + 4) % 64)) % 64
    const extra = Buffer.alloc(4 + padding, 'Z')
    extra.write('FB')
    extra.writeUInt16LE(padding, 2)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc, 10)
    common.writeUInt32LE(length, 14)
    common.writeUInt32LE(length, 18)
    common.writeUInt16LE(title.length, 22)
    const local = Buffer.from(common)
    local.writeUInt16LE(extra.length, 24)
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(claimed, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, title)
    parts.push(Buffer.from('PK\x03\x04'), local, title, extra, Buffer.from(data))
    at += 30 + title.length + extra.length + data.length
  }
  const table = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(table.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, table, end])
}
