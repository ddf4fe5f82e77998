import { sizeOf } from '../../base/shape.js'
import { defineOp, type Value } from '../op.js'

/** dst = max(0, src). The gradient reads dst, so the forward pass may run in place. */
export const reluOp = defineOp({
  name: 'relu',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer: ({ src }) => ({ dst: { dtype: src.dtype, shape: src.shape } }),
  saves: ['dst'],
  grad: ({ dst: diff }, { dst }) => (diff ? { src: reluBackward.emit({ dst, diff_dst: diff }, {}).diff_src } : {}),
  cost: ({ src }) => ({ multiplyAdds: 0, flops: sizeOf(src.shape) }),
  reference({ src }, { dst }) {
    for (let i = 0; i < dst.data.length; i++) dst.data[i] = src.data[i]! < 0 ? 0 : src.data[i]!
  },
  inPlace: { dst: 'src' },
})

/** diff_src = diff_dst where dst > 0, else 0. */
export const reluBackward = defineOp({
  name: 'reluBackward',
  inputs: { dst: 'one', diff_dst: 'one' },
  outputs: { diff_src: 'one' },
  infer: ({ dst }) => ({ diff_src: { dtype: dst.dtype, shape: dst.shape } }),
  saves: [],
  grad: null,
  cost: ({ dst }) => ({ multiplyAdds: 0, flops: sizeOf(dst.shape) }),
  reference({ dst, diff_dst }, { diff_src }) {
    for (let i = 0; i < dst.data.length; i++) diff_src.data[i] = dst.data[i]! > 0 ? diff_dst.data[i]! : 0
  },
  inPlace: { diff_src: 'diff_dst' },
})

export const relu = (src: Value): Value => reluOp.emit({ src }, {}).dst
