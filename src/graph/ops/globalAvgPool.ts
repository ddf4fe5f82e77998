import { sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, type Type, type Value } from '../op.js'

/** The mean of each channel: src [N,C,H,W] → dst [N,C]. */
export const globalAvgPoolOp = defineOp({
  name: 'globalAvgPool',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer({ src }) {
    const [n, c] = featureMap(src)
    return { dst: { dtype: src.dtype, shape: [n, c] } }
  },
  saves: [],
  grad: ({ dst }, _, types) =>
    dst ? { src: globalAvgPoolBackward.emit({ diff_dst: dst }, { src: types.src }).diff_src } : {},
  cost: ({ src }) => ({ multiplyAdds: 0, flops: sizeOf(src.shape) }),
  reference({ src }, { dst }) {
    const plane = src.data.length / dst.data.length
    for (let p = 0; p < dst.data.length; p++) {
      let total = 0
      for (let i = p * plane; i < (p + 1) * plane; i++) total += src.data[i]!
      dst.data[p] = total / plane
    }
  },
})

export const globalAvgPoolBackward = defineOp({
  name: 'globalAvgPoolBackward',
  inputs: { diff_dst: 'one' },
  outputs: { diff_src: 'one' },
  infer: (_, { src }: { readonly src: Type }) => ({ diff_src: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: null,
  cost: (_, { diff_src }) => ({ multiplyAdds: 0, flops: sizeOf(diff_src.shape) }),
  reference({ diff_dst }, { diff_src }) {
    const plane = diff_src.data.length / diff_dst.data.length
    for (let p = 0; p < diff_dst.data.length; p++)
      diff_src.data.fill(diff_dst.data[p]! / plane, p * plane, (p + 1) * plane)
  },
})

export const globalAvgPool2d = (src: Value): Value => globalAvgPoolOp.emit({ src }, {}).dst
