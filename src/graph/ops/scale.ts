import { sizeOf } from '../../base/shape.js'
import { defineOp, type Value } from '../op.js'

/** dst = factor · src. */
export const scaleOp = defineOp({
  name: 'scale',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer: ({ src }, _: { readonly factor: number }) => ({ dst: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: ({ dst }, _, __, { factor }) => (dst ? { src: scale(dst, factor) } : {}),
  cost: ({ src }) => ({ multiplyAdds: 0, flops: sizeOf(src.shape) }),
  reference({ src }, { dst }, { factor }) {
    for (let i = 0; i < dst.data.length; i++) dst.data[i] = factor * src.data[i]!
  },
  inPlace: { dst: 'src' },
})

export const scale = (src: Value, factor: number): Value => (factor === 1 ? src : scaleOp.emit({ src }, { factor }).dst)
