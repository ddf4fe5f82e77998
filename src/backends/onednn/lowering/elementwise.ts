import type { Ops } from '../../../graph/ops.js'
import { arg, type EltwiseOptions, type PostOp } from '../api.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

export const relu: Lowering<Ops['relu']> = {
  lower: ({ x, y }, k) => eltwise(k, { algorithm: 'relu' }, x.src, y.dst),
}

export const scale: Lowering<Ops['scale']> = {
  lower: ({ x, y, attrs }, k) => eltwise(k, { algorithm: 'linear', alpha: attrs.factor }, x.src, y.dst),
}

export const reluBackward: Lowering<Ops['reluBackward']> = {
  lower({ x: { dst, diff_dst }, y: { diff_src } }, k) {
    const algorithm = 'reluUseDst'
    const forward = k.api.eltwise({ algorithm, map: dst.desc })
    k.launch(k.api.eltwiseBackward({ algorithm, map: dst.desc, forward }), [
      [arg.dst, dst.desc, dst.place],
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

/** In one pass: residual · scale, and then, as post-ops, + src and the ReLU. The scale is a tensor of one number. */
export const residualAdd: Lowering<Ops['residualAdd']> = {
  lower({ x: { src, residual }, y: { dst }, attrs }, k) {
    const after: readonly PostOp[] = attrs.relu ? [{ kind: 'relu' }] : []
    if (attrs.scale === 1) {
      const add = k.api.binary({
        algorithm: 'add',
        src: src.desc,
        src1: residual.desc,
        dst: dst.desc,
        postOps: after,
      })
      k.launch(add, [
        [arg.src, src.desc, src.place],
        [arg.src1, residual.desc, residual.place],
        [arg.dst, dst.desc, dst.place],
      ])
      return
    }
    const factor = k.api.describe([1, 1, 1, 1], 'f32', 'abcd')
    const multiply = k.api.binary({
      algorithm: 'mul',
      src: residual.desc,
      src1: factor,
      dst: dst.desc,
      postOps: [{ kind: 'binaryAdd', src: src.desc }, ...after],
    })
    k.launch(multiply, [
      [arg.src, residual.desc, residual.place],
      [arg.src1, factor, k.filled(factor, attrs.scale)],
      [k.api.postOpArgument(0), src.desc, src.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const sum: Lowering<Ops['sum']> = {
  lower({ x: { src }, y: { dst } }, k) {
    const primitive = k.api.sum({ src: src.map(s => s.desc), dst: dst.desc })
    k.launch(primitive, [
      ...src.map((s, i) => [arg.multipleSrc + i, s.desc, s.place] as const),
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

/** In one pass: src · slope and then, as post-ops, + offset and + residual. */
export const addAffine: Lowering<Ops['addAffine']> = {
  lower({ x: { src, slope, offset, residual }, y: { dst } }, k) {
    const channel = k.api.describe([1, slope.shape[0]!, 1, 1], 'f32', 'abcd')
    const primitive = k.api.binary({
      algorithm: 'mul',
      src: src.desc,
      src1: channel,
      dst: dst.desc,
      postOps: [
        { kind: 'binaryAdd', src: channel },
        { kind: 'binaryAdd', src: residual.desc },
      ],
    })
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.src1, channel, slope.place],
      [k.api.postOpArgument(0), channel, offset.place],
      [k.api.postOpArgument(1), residual.desc, residual.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const cast: Lowering<Ops['cast']> = {
  lower({ x: { src }, y: { dst } }, k) {
    k.launch(k.api.reorder({ src: src.desc, dst: dst.desc }), [
      [arg.src, src.desc, src.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

function eltwise(k: Kernels, options: EltwiseOptions, src: Operand, dst: Operand) {
  k.launch(k.api.eltwise({ ...options, map: src.desc }), [
    [arg.src, src.desc, src.place],
    [arg.dst, dst.desc, dst.place],
  ])
}
