import { formatShape, type Shape, sizeOf } from '../../base/shape.js'
import { defineOp, ShapeError } from '../op.js'

export interface Part {
  /** The first of the elements, in row-major order. */
  readonly first: number
  readonly shape: Shape
}

/** Elements of a tensor of f32 that lie one after another, under a shape of their own. */
export const partOp = defineOp({
  name: 'part',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer({ src }, { first, shape }: Part) {
    if (src.dtype !== 'f32') throw new ShapeError(`takes parts of f32, got ${src.dtype}`)
    if (first < 0 || first + sizeOf(shape) > sizeOf(src.shape))
      throw new ShapeError(
        `${formatShape(shape)} from element ${first} on is more than ${formatShape(src.shape)} holds`,
      )
    return { dst: { dtype: src.dtype, shape } }
  },
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, { dst }, { first }) {
    for (let i = 0; i < dst.data.length; i++) dst.data[i] = src.data[first + i]!
  },
  schedule: 'late',
})
