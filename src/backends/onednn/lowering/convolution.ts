import type { Shape } from '../../../base/shape.js'
import type { Convolution } from '../../../graph/ops/convolution.js'
import { isPointwise } from '../../../graph/ops/window.js'
import type { Ops } from '../../../graph/ops.js'
import { type Api, arg, type ConvolutionOptions, type Descriptor, type PostOp, type Primitive } from '../api.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'
import { epilogue } from './epilogue.js'
import { pointwise, pointwiseBackwardData, pointwiseBackwardWeights } from './pointwise.js'

// Weights stay row-major in the store; kernels get them in the layout and type that they choose.
//
// Ways: `direct` and `winograd` are oneDNN's convolution primitives; `matmul` is what a 1×1 convolution of
// channels-last maps is, a product of matrices.

export const convolution: Lowering<Ops['convolution']> = {
  rowMajor: ['weights'],
  ways: attrs => waysOf(attrs, 'direct'),
  lower({ x, y, attrs }, k, way) {
    run({ ...x, residual: undefined, ...y }, { ...attrs, scale: 1, relu: false }, k, way)
  },
}

export const fusedConvolution: Lowering<Ops['fusedConvolution']> = {
  rowMajor: ['weights'],
  ways: attrs => waysOf(attrs, 'direct'),
  lower({ x, y, attrs }, k, way) {
    run({ ...x, ...y }, attrs, k, way)
  },
}

export const convolutionBackwardData: Lowering<Ops['convolutionBackwardData']> = {
  rowMajor: ['weights'],
  ways: attrs => waysOf(attrs, 'matmul'),
  lower({ x: { diff_dst, weights }, y: { diff_src }, attrs }, k, way) {
    if (way === 'matmul') return pointwiseBackwardData(diff_dst, weights, diff_src, k)
    const { api } = k
    const primitive = api.convolutionBackwardData({
      algorithm: algorithm(way),
      window: attrs,
      diffSrc: diff_src.desc,
      weights: anyWeights(api, weights.shape, diff_src, attrs),
      diffDst: diff_dst.desc,
      forward: forward(api, { src: diff_src, weights, bias: false, dst: diff_dst }, attrs, way),
    })
    const wanted = primitive.layout('weights')
    k.launch(primitive, [
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.weights, wanted, k.prepared(weights, wanted, grouped(api, weights.shape, attrs))],
      [arg.diffSrc, diff_src.desc, diff_src.place],
    ])
  },
}

/** The gradient comes out in f32 whatever the activations are, and is laid out like the weights it belongs to. */
export const convolutionBackwardWeights: Lowering<Ops['convolutionBackwardWeights']> = {
  rowMajor: ['diff_weights'],
  ways: attrs => waysOf(attrs, 'matmul'),
  lower({ x: { src, diff_dst }, y: { diff_weights, diff_bias }, attrs }, k, way) {
    if (way === 'matmul') return pointwiseBackwardWeights(src, diff_dst, diff_weights, diff_bias, k)
    const { api } = k
    const bias = diff_bias !== undefined
    const primitive = api.convolutionBackwardWeights({
      algorithm: algorithm(way),
      window: attrs,
      src: src.desc,
      diffWeights: api.describe(groupedShape(diff_weights.shape, attrs), 'f32', 'any'),
      diffBias: diff_bias?.desc,
      diffDst: diff_dst.desc,
      forward: forward(api, { src, weights: diff_weights, bias, dst: diff_dst }, attrs, way),
    })
    const made = primitive.layout('diffWeights')
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      [arg.diffWeights, made, k.delivered(diff_weights, made, grouped(api, diff_weights.shape, attrs))],
      ...(diff_bias ? [[arg.diffBias, diff_bias.desc, diff_bias.place] as const] : []),
    ])
  },
}

/** The ways that a convolution's attributes allow, `first` leading where it is among them. */
function waysOf(attrs: Convolution, first: 'direct' | 'matmul'): readonly string[] {
  if (isPointwise(attrs) && attrs.groups === 1) return first === 'matmul' ? ['matmul', 'direct'] : ['direct', 'matmul']
  const square = [...attrs.kernel, ...attrs.strides].join() === '3,3,1,1'
  return square && attrs.groups === 1 ? ['direct', 'winograd'] : ['direct']
}

const algorithm = (way: string): NonNullable<ConvolutionOptions['algorithm']> =>
  way === 'winograd' ? 'winograd' : 'direct'

interface Operands {
  readonly src: Operand
  readonly weights: Operand
  readonly bias: Operand | undefined
  readonly residual: Operand | undefined
  readonly dst: Operand
}

function run(operands: Operands, attrs: Convolution & { scale: number; relu: boolean }, k: Kernels, way: string) {
  if (way === 'matmul') return pointwise(operands, attrs, k)
  const { src, weights, bias, dst } = operands
  const { postOps, args } = epilogue(operands, attrs, dst.desc, k, false)
  const primitive = forward(k.api, { src, weights, bias: bias !== undefined, dst }, attrs, way, postOps)
  const wanted = primitive.layout('weights')
  k.launch(primitive, [
    [arg.src, src.desc, src.place],
    [arg.weights, wanted, k.prepared(weights, wanted, grouped(k.api, weights.shape, attrs))],
    ...(bias ? [[arg.bias, bias.desc, bias.place] as const] : []),
    ...args,
    [arg.dst, dst.desc, dst.place],
  ])
}

type Map = Pick<Operand, 'desc' | 'dtype' | 'shape'>

function forward(
  api: Api,
  { src, weights, bias, dst }: { readonly src: Map; readonly weights: Map; readonly bias: boolean; readonly dst: Map },
  attrs: Convolution,
  way: string,
  postOps: readonly PostOp[] = [],
): Primitive {
  return api.convolution({
    algorithm: algorithm(way),
    window: attrs,
    src: src.desc,
    weights: anyWeights(api, weights.shape, src, attrs),
    bias: bias ? api.describe([weights.shape[0]!], 'f32', 'a') : undefined,
    dst: dst.desc,
    postOps,
  })
}

/** oneDNN has an axis of its own for groups: [g, O/g, I/g, kh, kw]. */
const groupedShape = (weights: Shape, { groups }: Convolution): Shape =>
  groups === 1 ? weights : [groups, weights[0]! / groups, ...weights.slice(1)]

const grouped = (api: Api, weights: Shape, attrs: Convolution): Descriptor =>
  api.describe(groupedShape(weights, attrs), 'f32', attrs.groups === 1 ? 'abcd' : 'abcde')

function anyWeights(api: Api, weights: Shape, map: Map, attrs: Convolution): Descriptor {
  return api.describe(groupedShape(weights, attrs), map.dtype === 'bf16' ? 'bf16' : 'f32', 'any')
}
