import { crc32, deflateRawSync } from 'node:zlib'
import * as h5 from 'h5wasm'

/** Writers of Keras' files: HDF5 with the HDF5 library, and archives by hand. */

let written = 0

/** The bytes of an HDF5 file that `build` fills. */
export async function hdf5(build: (file: h5.File) => void): Promise<Buffer> {
  await h5.ready
  const name = `/written-${written++}.h5`
  const file = new h5.File(name, 'w')
  build(file)
  file.close()
  const bytes = Buffer.from(h5.FS!.readFile(name))
  h5.FS!.unlink(name)
  return bytes
}

/** f32, or what becomes it. */
type Numbers = readonly number[] | Float32Array

export type Weights = Readonly<Record<string, readonly [shape: readonly number[], values: Numbers]>>

/** Layers as Keras 2 writes them, under `root`. */
export function addLayers(root: h5.Group, layers: Readonly<Record<string, Weights>>): void {
  addNames(root, 'layer_names', Object.keys(layers))
  for (const [name, weights] of Object.entries(layers)) {
    const layer = root.create_group(name)
    addNames(layer, 'weight_names', Object.keys(weights))
    for (const [path, [shape, values]] of Object.entries(weights)) addWeight(layer, path, shape, values)
  }
}

/** A list of texts of one length, as Keras 2 writes it; an empty one is one of numbers. */
export function addNames(group: h5.Group, attribute: string, names: readonly string[]): void {
  if (names.length === 0) group.create_attribute(attribute, new Float64Array(0), [0])
  else {
    const longest = Math.max(...names.map(name => Buffer.byteLength(name)), 1)
    group.create_attribute(attribute, [...names], [names.length], `S${longest}`)
  }
}

/** A data set of f32 at a path below `group`, with the groups on the way. */
export function addWeight(group: h5.Group, path: string, shape: readonly number[], values: Numbers): void {
  const parts = path.split('/')
  let parent = group
  for (const part of parts.slice(0, -1)) {
    const child = parent.get(part)
    parent = child instanceof h5.Group ? child : parent.create_group(part)
  }
  parent.create_dataset({
    name: parts.at(-1)!,
    data: values instanceof Float32Array ? values : Float32Array.from(values),
    shape: [...shape],
  })
}

export interface ZipItem {
  readonly name: string
  readonly content: Uint8Array | string
  readonly deflate?: boolean
  /** Instead of what is so. */
  readonly claims?: {
    readonly size?: number
    readonly checksum?: number
    readonly method?: number
    readonly flags?: number
  }
}

export function zip(items: readonly ZipItem[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, deflate = false, claims = {} } of items) {
    const bytes = Buffer.from(content)
    const stored = deflate ? deflateRawSync(bytes) : bytes
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(claims.flags ?? 0, 2)
    fields.writeUInt16LE(claims.method ?? (deflate ? 8 : 0), 4)
    fields.writeUInt32LE(claims.checksum ?? crc32(bytes), 10)
    fields.writeUInt32LE(stored.length, 14)
    fields.writeUInt32LE(claims.size ?? bytes.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), stored])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), fields, tail, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(items.length, 8)
  end.writeUInt16LE(items.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listed, end])
}
