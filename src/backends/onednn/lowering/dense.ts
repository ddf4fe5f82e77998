import type { Ops } from '../../../graph/ops.js'
import { arg } from '../api.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

export const dense: Lowering<Ops['dense']> = {
  lower({ x: { src, weights, bias }, y: { dst } }, k) {
    const primitive = forward(k, src, weights, dst)
    const wanted = primitive.layout('weights')
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.weights, wanted, k.prepared(weights, wanted)],
      [arg.bias, bias.desc, bias.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const denseBackwardData: Lowering<Ops['denseBackwardData']> = {
  lower({ x: { diff_dst, weights }, y: { diff_src } }, k) {
    const primitive = k.api.innerProductBackwardData({
      diffSrc: diff_src.desc,
      weights: k.api.describe(weights.shape, typeOf(diff_src), 'any'),
      diffDst: diff_dst.desc,
      forward: forward(k, diff_src, weights, diff_dst),
    })
    const wanted = primitive.layout('weights')
    k.launch(primitive, [
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.weights, wanted, k.prepared(weights, wanted)],
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

export const denseBackwardWeights: Lowering<Ops['denseBackwardWeights']> = {
  lower({ x: { src, diff_dst }, y: { diff_weights, diff_bias } }, k) {
    const primitive = k.api.innerProductBackwardWeights({
      src: src.desc,
      diffWeights: k.api.describe(diff_weights.shape, 'f32', 'any'),
      diffBias: diff_bias.desc,
      diffDst: diff_dst.desc,
      forward: forward(k, src, diff_weights, diff_dst),
    })
    const made = primitive.layout('diffWeights')
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.diffWeights, made, k.delivered(diff_weights, made)],
      [arg.diffBias, diff_bias.desc, diff_bias.place],
    ])
  },
}

function forward({ api }: Kernels, src: Operand, weights: Operand, dst: Operand) {
  return api.innerProduct({
    src: src.desc,
    weights: api.describe(weights.shape, typeOf(src), 'any'),
    bias: api.describe([weights.shape[0]!], 'f32', 'a'),
    dst: dst.desc,
  })
}

const typeOf = ({ dtype }: Operand) => (dtype === 'bf16' ? 'bf16' : 'f32')
