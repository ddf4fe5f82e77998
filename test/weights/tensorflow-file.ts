import { type Shape, sizeOf } from '../../src/base/shape.js'
import { type Bytes, bytesField, numberField, type WrittenTensor } from '../formats/tensorflow-writer.js'

// Tensors as TensorFlow's checkpoints hold them, laid out apart from src/weights/layout.ts.

/** [out, in, height, width] as [height, width, in, out], [out, in] as [in, out], and what has one axis as it is. */
export function toTensorflow(
  values: Float32Array,
  shape: Shape,
): { readonly shape: Shape; readonly values: Float32Array } {
  if (shape.length < 2) return { shape, values }
  const [out, into, area] = [shape[0]!, shape[1]!, sizeOf(shape.slice(2))]
  const there = new Float32Array(values.length)
  for (let o = 0; o < out; o++)
    for (let i = 0; i < into; i++)
      for (let place = 0; place < area; place++)
        there[(place * into + i) * out + o] = values[(o * into + i) * area + place]!
  return { shape: [...shape.slice(2), into, out], values: there }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Bytes =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** A tensor of f32 in one piece, for the first kind of checkpoint. */
export const slicedFloats = (name: string, shape: Shape, values: Float32Array): WrittenTensor =>
  inOnePiece(name, 1, shape, bytesField(5, bytesOf(values)))

/** A tensor of f32 in one piece, for a bundle. */
export const bundledFloats = (name: string, shape: Shape, values: Float32Array): WrittenTensor =>
  inOnePiece(name, 1, shape, bytesOf(values))

/** A counter, for the first kind of checkpoint. */
export const slicedCounter = (name: string, count: number): WrittenTensor =>
  inOnePiece(name, 9, [], numberField(10, count))

const inOnePiece = (name: string, dataType: number, shape: Shape, data: Bytes): WrittenTensor => ({
  ...{ name, dataType, shape },
  slices: [{ ranges: shape.map(() => undefined), data }],
})
