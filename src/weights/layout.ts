import type { Shape } from '../base/shape.js'

/** How another framework lays out a tensor that is row-major [out, in, height, width] or [out, in] here. */
export interface Layout {
  /** The shape that a tensor of this shape here has there. */
  there(here: Shape): Shape
  /** The axes there in the order that they have here; empty where they are the same. */
  readonly order: readonly number[]
}

export const asHere: Layout = { there: shape => shape, order: [] }

/** A dense layer that is a convolution of 1×1 here. */
export const dense: Layout = { there: ([out, into]) => [out!, into!], order: [] }

/** A convolution of TensorFlow: [height, width, in, out]. */
export const hwio: Layout = {
  there: ([out, into, height, width]) => [height!, width!, into!, out!],
  order: [3, 2, 0, 1],
}

/** A dense layer of TensorFlow: [in, out], whether it is one here or a convolution of 1×1. */
export const transposed: Layout = { there: ([out, into]) => [into!, out!], order: [1, 0] }

/** A dense layer that is a convolution of 1×1 there: [1, 1, in, out]. */
export const pointwise: Layout = { there: ([out, into]) => [1, 1, into!, out!], order: [3, 2, 0, 1] }

/** A depthwise convolution of TensorFlow, [height, width, in, multiplier], which is [in · multiplier, 1, height, width] here. */
export const depthwise = (multiplier: number): Layout => ({
  there: ([out, , height, width]) => [height!, width!, out! / multiplier, multiplier],
  order: [2, 3, 0, 1],
})

/** Numbers that lie as `layout` says, in the order that a tensor of shape `here` has here. */
export function bringHere(
  values: Float32Array<ArrayBuffer>,
  here: Shape,
  { there, order }: Layout,
): Float32Array<ArrayBuffer> {
  if (order.length === 0) return values
  const shape = there(here)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  // Four axes, those that are missing in front.
  const [n0, n1, n2, n3] = [...Array(4 - order.length).fill(1), ...order.map(axis => shape[axis]!)] as Four
  const [s0, s1, s2, s3] = [...Array(4 - order.length).fill(0), ...order.map(axis => strides[axis]!)] as Four
  const target = new Float32Array(values.length)
  let at = 0
  for (let a = 0; a < n0; a++)
    for (let b = 0; b < n1; b++)
      for (let c = 0; c < n2; c++)
        for (let d = 0, from = a * s0 + b * s1 + c * s2; d < n3; d++, from += s3) target[at++] = values[from]!
  return target
}

type Four = [number, number, number, number]
