import { formatShape, sameShape, sizeOf } from '../../base/shape.js'
import { defineOp, ShapeError, type Value } from '../op.js'

/** dst = Σ src[i], all of one shape. Where a value is used several times, its gradients meet here. */
export const sumOp = defineOp({
  name: 'sum',
  inputs: { src: 'many' },
  outputs: { dst: 'one' },
  infer({ src: [first, ...rest] }) {
    if (!first) throw new ShapeError('nothing to add')
    for (const other of rest)
      if (!sameShape(first.shape, other.shape) || first.dtype !== other.dtype)
        throw new ShapeError(
          `cannot add ${other.dtype} ${formatShape(other.shape)} to ${first.dtype} ${formatShape(first.shape)}`,
        )
    return { dst: { dtype: first.dtype, shape: first.shape } }
  },
  saves: [],
  grad: ({ dst }, _, { src }) => ({ src: src.map(() => dst) }),
  cost: ({ src }, { dst }) => ({ multiplyAdds: 0, flops: (src.length - 1) * sizeOf(dst.shape) }),
  reference({ src }, { dst }) {
    for (let i = 0; i < dst.data.length; i++) {
      let total = 0
      for (const term of src) total += term.data[i]!
      dst.data[i] = total
    }
  },
})

export const sum = (src: readonly Value[]): Value => (src.length === 1 ? src[0]! : sumOp.emit({ src }, {}).dst)
