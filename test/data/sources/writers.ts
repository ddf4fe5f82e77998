import { gzipSync } from 'node:zlib'
import { WireMessage } from '../../../src/formats/protobuf-writer.js'
import { frameRecord } from '../../../src/formats/tfrecord.js'

// Containers in the layouts of the real ones, of any size.

export type Files = readonly (readonly [name: string, bytes: Uint8Array])[]

export function tarOf(files: Files): Buffer {
  const blocks = files.flatMap(([name, bytes]) => [tarHeader(name, bytes.length), bytes, padding(bytes.length, 512)])
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function tarHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0)
  block.write(size.toString(8).padStart(11, '0'), 124, 'latin1')
  block.write('0ustar\x0000', 156, 'latin1')
  block.copyWithin(257, 157, 165).fill(0, 157, 165)
  const sum = block.reduce((total, byte) => total + byte, 8 * 0x20)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

const padding = (length: number, unit: number) => Buffer.alloc((unit - (length % unit)) % unit)

/** A value of a tf.train.Example: byte strings, numbers with a point, or whole ones. */
export type ExampleValue =
  | { readonly bytes: readonly Uint8Array[] }
  | { readonly floats: readonly number[] }
  | { readonly integers: readonly number[] }

export const text = (value: string): ExampleValue => ({ bytes: [Buffer.from(value)] })

export function exampleOf(features: Readonly<Record<string, ExampleValue>>): Uint8Array {
  const all = new WireMessage()
  for (const [name, value] of Object.entries(features))
    all.message(1, new WireMessage().text(1, name).message(2, featureOf(value)))
  return Buffer.concat([...new WireMessage().message(1, all).pieces()])
}

function featureOf(value: ExampleValue): WireMessage {
  const list = new WireMessage()
  if ('bytes' in value) {
    for (const bytes of value.bytes) list.bytes(1, bytes)
    return new WireMessage().message(1, list)
  }
  if ('floats' in value)
    return new WireMessage().message(2, list.bytes(1, Buffer.from(Float32Array.from(value.floats).buffer)))
  for (const integer of value.integers) list.int(1, integer)
  return new WireMessage().message(3, list)
}

export const recordsOf = (examples: readonly Uint8Array[]): Buffer => Buffer.concat(examples.map(frameRecord))

/** The devkit's list of classes, and what lies above them; IDs count from 1 in the order of `wnids`. */
export function metaMatOf(wnids: readonly string[], above: readonly string[]): Buffer {
  const fields = ['ILSVRC2012_ID', 'WNID', 'num_children']
  const names = Buffer.concat(fields.map(field => Buffer.from(field.padEnd(32, '\0'))))
  const synsets = [...wnids.map(wnid => [wnid, 0] as const), ...above.map(wnid => [wnid, wnids.length] as const)]
  const values = synsets.flatMap(([wnid, children], i) => [number(i + 1), characters(wnid), number(children)])
  const structs = array('synsets', 2, [synsets.length, 1], element(5, int32(32)), element(1, names), ...values)
  const header = Buffer.alloc(128, ' ')
  header.write('MATLAB 5.0 MAT-file')
  header.writeUInt16LE(0x0100, 124)
  header.write('IM', 126)
  return Buffer.concat([header, structs])
}

const element = (type: number, data: Uint8Array): Buffer =>
  Buffer.concat([int32(type, data.length), data, padding(data.length, 8)])

const array = (name: string, kind: number, shape: readonly number[], ...rest: readonly Buffer[]): Buffer =>
  element(
    14,
    Buffer.concat([element(6, int32(kind, 0)), element(5, int32(...shape)), element(1, Buffer.from(name)), ...rest]),
  )

const number = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return array('', 6, [1, 1], element(9, bytes))
}

const characters = (value: string) => array('', 4, [1, value.length], element(16, Buffer.from(value)))

function int32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeInt32LE(value, 4 * i)
  return bytes
}

/** The devkit as it is downloaded. */
export const devkitOf = (wnids: readonly string[], groundTruth: readonly number[]): Buffer =>
  gzipSync(
    tarOf([
      ['ILSVRC2012_devkit_t12/data/meta.mat', metaMatOf(wnids, ['n00001740'])],
      [
        'ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt',
        Buffer.from(groundTruth.map(id => `${id}\n`).join('')),
      ],
    ]),
  )
