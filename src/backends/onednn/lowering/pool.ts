import type { Window } from '../../../graph/ops/window.js'
import type { Ops } from '../../../graph/ops.js'
import { alg, arg, prop } from '../constants.js'
import { type Descriptor, dims, type Primitive } from '../engine.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

export const maxPool: Lowering<Ops['maxPool']> = {
  lower({ x: { src }, y: { dst, workspace }, attrs }, k) {
    const kind = workspace.read ? prop.forwardTraining : prop.forwardInference
    const primitive = forward(k, kind, alg.poolingMax, src.desc, dst.desc, attrs)
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.dst, dst.desc, dst.place],
      ...(workspace.read ? [k.workspace(workspace, primitive)] : []),
    ])
  },
}

export const maxPoolBackward: Lowering<Ops['maxPoolBackward']> = {
  lower({ x: { diff_dst, workspace }, y: { diff_src }, attrs }, k) {
    const hint = forward(k, prop.forwardTraining, alg.poolingMax, diff_src.desc, diff_dst.desc, attrs)
    k.launch(backward(k, alg.poolingMax, diff_src.desc, diff_dst.desc, attrs, hint), [
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      k.workspace(workspace, hint),
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

export const avgPool: Lowering<Ops['avgPool']> = {
  lower: ({ x, y, attrs }, k) => average(k, x.src, y.dst, y.dst.desc, attrs, divisor(attrs)),
}

export const avgPoolBackward: Lowering<Ops['avgPoolBackward']> = {
  lower: ({ x, y, attrs }, k) => averageBackward(k, y.diff_src, x.diff_dst, x.diff_dst.desc, attrs, divisor(attrs)),
}

/** An average over the whole map; its [N,C] result lies in memory as [N,C,1,1] does. */
export const globalAvgPool: Lowering<Ops['globalAvgPool']> = {
  lower({ x: { src }, y: { dst } }, k) {
    average(k, src, dst, asMap(k, dst), wholeMap(src), alg.poolingAvgExcludePadding)
  },
}

export const globalAvgPoolBackward: Lowering<Ops['globalAvgPoolBackward']> = {
  lower({ x: { diff_dst }, y: { diff_src } }, k) {
    averageBackward(k, diff_src, diff_dst, asMap(k, diff_dst), wholeMap(diff_src), alg.poolingAvgExcludePadding)
  },
}

const divisor = ({ includePadding }: { readonly includePadding: boolean }) =>
  includePadding ? alg.poolingAvgIncludePadding : alg.poolingAvgExcludePadding

const wholeMap = ({ shape }: Operand): Window => ({
  kernel: [shape[2]!, shape[3]!],
  strides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
})

const asMap = (k: Kernels, { shape, dtype }: Operand) =>
  k.engine.describe([...shape, 1, 1], dtype === 'bf16' ? 'bf16' : 'f32', 'acdb')

function average(k: Kernels, src: Operand, dst: Operand, dstMap: Descriptor, window: Window, algorithm: number) {
  k.launch(forward(k, prop.forwardTraining, algorithm, src.desc, dstMap, window), [
    [arg.src, src.desc, src.place],
    [arg.dst, dstMap, dst.place],
  ])
}

function averageBackward(
  k: Kernels,
  diffSrc: Operand,
  diffDst: Operand,
  dstMap: Descriptor,
  window: Window,
  algorithm: number,
) {
  const hint = forward(k, prop.forwardTraining, algorithm, diffSrc.desc, dstMap, window)
  k.launch(backward(k, algorithm, diffSrc.desc, dstMap, window, hint), [
    [arg.diffDst, dstMap, diffDst.place],
    [arg.diffSrc, diffSrc.desc, diffSrc.place],
  ])
}

function forward(
  { engine }: Kernels,
  kind: number,
  algorithm: number,
  src: Descriptor,
  dst: Descriptor,
  window: Window,
) {
  return engine.primitive('pooling', op =>
    engine.library.dnnl_pooling_forward_desc_init(op, kind, algorithm, src, dst, ...geometry(window)),
  )
}

function backward(
  { engine }: Kernels,
  algorithm: number,
  diffSrc: Descriptor,
  diffDst: Descriptor,
  window: Window,
  hint: Primitive,
) {
  return engine.primitive(
    'pooling backward',
    op => engine.library.dnnl_pooling_backward_desc_init(op, algorithm, diffSrc, diffDst, ...geometry(window)),
    { hint },
  )
}

const geometry = ({ kernel, strides, padding: [height, width] }: Window) =>
  [dims(strides), dims(kernel), dims([height[0], width[0]]), dims([height[1], width[1]])] as const
