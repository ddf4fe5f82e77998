import type { Window } from '../../../graph/ops/window.js'
import type { Ops } from '../../../graph/ops.js'
import { arg, type Descriptor, type PoolingOptions } from '../api.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

export const maxPool: Lowering<Ops['maxPool']> = {
  lower({ x: { src }, y: { dst, workspace }, attrs }, k) {
    const primitive = k.api.pooling({
      propagation: workspace.read ? 'training' : 'inference',
      algorithm: 'max',
      window: attrs,
      src: src.desc,
      dst: dst.desc,
    })
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.dst, dst.desc, dst.place],
      ...(workspace.read ? [k.workspace(workspace, primitive)] : []),
    ])
  },
}

export const maxPoolBackward: Lowering<Ops['maxPoolBackward']> = {
  lower({ x: { diff_dst, workspace }, y: { diff_src }, attrs }, k) {
    const max = { algorithm: 'max', window: attrs } as const
    const forward = k.api.pooling({ ...max, src: diff_src.desc, dst: diff_dst.desc })
    k.launch(k.api.poolingBackward({ ...max, diffSrc: diff_src.desc, diffDst: diff_dst.desc, forward }), [
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      k.workspace(workspace, forward),
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

export const avgPool: Lowering<Ops['avgPool']> = {
  lower: ({ x, y, attrs }, k) => average(k, x.src, y.dst, y.dst.desc, averageOf(attrs)),
}

export const avgPoolBackward: Lowering<Ops['avgPoolBackward']> = {
  lower: ({ x, y, attrs }, k) => averageBackward(k, y.diff_src, x.diff_dst, x.diff_dst.desc, averageOf(attrs)),
}

/** An average over the whole map; its [N,C] result lies in memory as [N,C,1,1] does. */
export const globalAvgPool: Lowering<Ops['globalAvgPool']> = {
  lower({ x: { src }, y: { dst } }, k) {
    average(k, src, dst, asMap(k, dst), wholeMap(src))
  },
}

export const globalAvgPoolBackward: Lowering<Ops['globalAvgPoolBackward']> = {
  lower({ x: { diff_dst }, y: { diff_src } }, k) {
    averageBackward(k, diff_src, diff_dst, asMap(k, diff_dst), wholeMap(diff_src))
  },
}

const averageOf = (attrs: Window & { readonly includePadding: boolean }): PoolingOptions => ({
  algorithm: attrs.includePadding ? 'averageIncludingPadding' : 'averageExcludingPadding',
  window: attrs,
})

const wholeMap = ({ shape }: Operand): PoolingOptions => ({
  algorithm: 'averageExcludingPadding',
  window: {
    kernel: [shape[2]!, shape[3]!],
    strides: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
  },
})

const asMap = (k: Kernels, { shape, dtype }: Operand) =>
  k.api.describe([...shape, 1, 1], dtype === 'bf16' ? 'bf16' : 'f32', 'acdb')

function average(k: Kernels, src: Operand, dst: Operand, dstMap: Descriptor, options: PoolingOptions) {
  k.launch(k.api.pooling({ ...options, src: src.desc, dst: dstMap }), [
    [arg.src, src.desc, src.place],
    [arg.dst, dstMap, dst.place],
  ])
}

function averageBackward(k: Kernels, diffSrc: Operand, diffDst: Operand, dstMap: Descriptor, options: PoolingOptions) {
  const forward = k.api.pooling({ ...options, src: diffSrc.desc, dst: dstMap })
  k.launch(k.api.poolingBackward({ ...options, diffSrc: diffSrc.desc, diffDst: dstMap, forward }), [
    [arg.diffDst, dstMap, diffDst.place],
    [arg.diffSrc, diffSrc.desc, diffSrc.place],
  ])
}
