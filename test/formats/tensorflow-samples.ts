import assert from 'node:assert/strict'
import { UserError } from '../../src/base/error.js'
import { openTensorflowCheckpoint } from '../../src/formats/tensorflow/checkpoint.js'
import { floatTensor, type WrittenTensor } from './tensorflow-writer.js'

/** DT_FLOAT. */
export const floatType = 1

/** Every tensor of a checkpoint. */
export function load(file: string) {
  using checkpoint = openTensorflowCheckpoint(file)
  return new Map(
    [...checkpoint.tensors.values()].map(({ name, dtype, shape }) => [
      name,
      { dtype, shape, bytes: [...checkpoint.read(name)] },
    ]),
  )
}

/** The elements of one tensor of f32. */
export function floats(file: string, name: string): number[] {
  using checkpoint = openTensorflowCheckpoint(file)
  return [...new Float32Array(checkpoint.read(name).buffer)]
}

/** What is thrown names `file` and the reason in one line. */
export function refuses(run: () => unknown, file: string, reason: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof UserError, `${error instanceof Error ? error.stack : error}`)
    assert.match(error.message, reason)
    assert.ok(error.message.includes(file) && !error.message.includes('\n') && error.message.length < 600)
    return true
  })
}

export const littleEndian = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)

/** A tensor in one piece, for the first kind of checkpoint. */
export const whole = (name: string, shape: readonly number[], values: readonly number[]): WrittenTensor => ({
  name,
  dataType: floatType,
  shape,
  slices: [{ ranges: shape.map(() => undefined), data: floatTensor(values) }],
})

/** The rows of a 4 × 2 variable, in two parts. */
export const parted = (encode: (values: readonly number[]) => Uint8Array): WrittenTensor => ({
  name: 'net/embedding',
  dataType: floatType,
  shape: [4, 2],
  slices: [
    { ranges: [[0, 1], undefined], data: encode([1, 2]) },
    { ranges: [[1, 3], undefined], data: encode([3, 4, 5, 6, 7, 8]) },
  ],
})

/** A bundle's tensors: in one piece, in parts, without elements, and one of no numbers. */
export const bundled: readonly WrittenTensor[] = [
  { ...whole('a/kernel', [2, 2], []), slices: [{ ranges: [undefined, undefined], data: littleEndian([1, 2, 3, 4]) }] },
  parted(littleEndian),
  { name: 'none', dataType: 2, shape: [0, 3], slices: [{ ranges: [undefined, undefined], data: new Uint8Array() }] },
  {
    name: '_CHECKPOINTABLE_OBJECT_GRAPH',
    dataType: 7,
    shape: [],
    slices: [{ ranges: [], data: Buffer.from('\x03abc') }],
  },
]
