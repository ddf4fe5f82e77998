import type { Ops } from '../../../graph/ops.js'
import { alg, arg, prop } from '../constants.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

export const relu: Lowering<Ops['relu']> = {
  lower: ({ x, y }, k) => eltwise(k, alg.relu, 0, x.src, y.dst),
}

export const scale: Lowering<Ops['scale']> = {
  lower: ({ x, y, attrs }, k) => eltwise(k, alg.linear, attrs.factor, x.src, y.dst),
}

export const reluBackward: Lowering<Ops['reluBackward']> = {
  lower({ x: { dst, diff_dst }, y: { diff_src } }, k) {
    const { library } = k.engine
    const primitive = k.engine.primitive(
      'relu backward',
      op => library.dnnl_eltwise_backward_desc_init(op, alg.reluUseDst, diff_dst.desc, dst.desc, 0, 0),
      {
        hint: k.engine.primitive('relu', op =>
          library.dnnl_eltwise_forward_desc_init(op, prop.forwardTraining, alg.reluUseDst, dst.desc, 0, 0),
        ),
      },
    )
    k.launch(primitive, [
      [arg.dst, dst.desc, dst.place],
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

export const residualAdd: Lowering<Ops['residualAdd']> = {
  lower({ x: { src, residual }, y: { dst }, attrs }, k) {
    const attributes = k.engine.attributes({
      relu: attrs.relu,
      scales: attrs.scale === 1 ? [] : [[arg.src1, attrs.scale]],
    })
    const primitive = k.engine.primitive(
      'residual add',
      op => k.engine.library.dnnl_binary_desc_init(op, alg.binaryAdd, src.desc, residual.desc, dst.desc),
      { attributes },
    )
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.src1, residual.desc, residual.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const sum: Lowering<Ops['sum']> = {
  lower({ x: { src }, y: { dst } }, k) {
    const primitive = k.engine.sum(
      src.map(s => s.desc),
      dst.desc,
    )
    k.launch(primitive, [
      ...src.map((s, i) => [arg.multipleSrc + i, s.desc, s.place] as const),
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const cast: Lowering<Ops['cast']> = {
  lower({ x: { src }, y: { dst } }, k) {
    k.launch(k.engine.reorder(src.desc, dst.desc), [
      [arg.src, src.desc, src.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

function eltwise(k: Kernels, algorithm: number, alpha: number, src: Operand, dst: Operand) {
  const primitive = k.engine.primitive('elementwise', op =>
    k.engine.library.dnnl_eltwise_forward_desc_init(op, prop.forwardTraining, algorithm, src.desc, alpha, 0),
  )
  k.launch(primitive, [
    [arg.src, src.desc, src.place],
    [arg.dst, dst.desc, dst.place],
  ])
}
