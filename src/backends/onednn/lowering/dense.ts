import type { Ops } from '../../../graph/ops.js'
import { arg, prop, query } from '../constants.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

export const dense: Lowering<Ops['dense']> = {
  lower({ x: { src, weights, bias }, y: { dst } }, k) {
    const primitive = forward(k, src, weights, dst)
    const wanted = primitive.layout(query.weights)
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
    const { engine } = k
    const any = engine.describe(weights.shape, typeOf(diff_src), 'any')
    const primitive = engine.primitive(
      'inner product backward data',
      op => engine.library.dnnl_inner_product_backward_data_desc_init(op, diff_src.desc, any, diff_dst.desc),
      { hint: forward(k, diff_src, weights, diff_dst) },
    )
    const wanted = primitive.layout(query.weights)
    k.launch(primitive, [
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.weights, wanted, k.prepared(weights, wanted)],
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

export const denseBackwardWeights: Lowering<Ops['denseBackwardWeights']> = {
  lower({ x: { src, diff_dst }, y: { diff_weights, diff_bias } }, k) {
    const { engine } = k
    const any = engine.describe(diff_weights.shape, 'f32', 'any')
    const primitive = engine.primitive(
      'inner product backward weights',
      op =>
        engine.library.dnnl_inner_product_backward_weights_desc_init(op, src.desc, any, diff_bias.desc, diff_dst.desc),
      { hint: forward(k, src, diff_weights, diff_dst) },
    )
    const made = primitive.layout(query.diffWeights)
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.diffWeights, made, k.delivered(diff_weights, made)],
      [arg.diffBias, diff_bias.desc, diff_bias.place],
    ])
  },
}

function forward({ engine }: Kernels, src: Operand, weights: Operand, dst: Operand) {
  const any = engine.describe(weights.shape, typeOf(src), 'any')
  const bias = engine.describe([weights.shape[0]!], 'f32', 'a')
  return engine.primitive('inner product', op =>
    engine.library.dnnl_inner_product_forward_desc_init(op, prop.forwardTraining, src.desc, any, bias, dst.desc),
  )
}

const typeOf = ({ dtype }: Operand) => (dtype === 'bf16' ? 'bf16' : 'f32')
