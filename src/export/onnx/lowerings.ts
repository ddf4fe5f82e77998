import { type Shape, sizeOf } from '../../base/shape.js'
import { elementTypes } from '../../formats/onnx/types.js'
import type { Bound, Op, Ports, Type } from '../../graph/op.js'
import type { Convolution } from '../../graph/ops/convolution.js'
import type { Window } from '../../graph/ops/window.js'
import type { OpName, Ops } from '../../graph/ops.js'
import type { NodeWriter } from './node-writer.js'

/** A value that a node reads, by its name in the model. */
export interface Operand {
  readonly name: string
  readonly shape: Shape
}

interface Call<In extends Ports, Attrs> {
  readonly x: Bound<In, Operand>
  readonly y: { readonly dst: Type }
  readonly attrs: Attrs
}

/** Adds the nodes that compute an op's `dst`, and returns its name. */
type Lowering<O> =
  O extends Op<string, infer In extends Ports, infer _ extends Ports, infer __, infer Attrs>
    ? (call: Call<In, Attrs>, to: NodeWriter) => string
    : never

/**
 * Ops that no exported model has: those of training and of looking at it, sources, and what is done to weights alone,
 * which is done when they are exported.
 */
type Unexported =
  | 'input'
  | 'variable'
  | 'constant'
  | 'foldBatchNorm'
  | 'stackFilters'
  | 'batchNorm'
  | 'batchNormGlobal'
  | 'channelMoments'
  | 'combineMoments'
  | 'replicaRow'
  | 'statisticsGradient'
  | 'addAffine'
  | 'dropout'
  | 'mapStatistics'
  | 'softmaxCrossEntropy'
  | 'mixedCrossEntropy'
  | 'gradientNorms'
  | 'clipFactor'
  | 'rmsprop'
  | 'momentumDescent'
  | 'movingAverage'
  | 'allReduceBegin'
  | 'allReduceEnd'
  | 'part'
  | (OpName & `${string}Backward${string}`)

export type ExportedOp = Exclude<OpName, Unexported>

/** Every op of inference in ONNX's operators; what they mean is written at `rules`. */
export const lowerings: { readonly [K in ExportedOp]: Lowering<Ops[K]> } = {
  convolution: ({ x: { src, weights, bias }, attrs }, to) => convolve(to, src, weights, bias, attrs),

  fusedConvolution({ x: { src, weights, bias, residual }, attrs }, to) {
    let y = convolve(to, src, weights, bias, attrs)
    if (attrs.scale !== 1) y = multiply(to, y, attrs.scale)
    if (residual) y = to.add('Add', [residual.name, y])
    return attrs.relu ? to.add('Relu', [y]) : y
  },

  batchNormInference({ x: { src, scale, shift, mean, variance }, attrs }, to) {
    // ONNX's norm always has a scale.
    const channels = shift.shape
    const gain = scale?.name ?? to.constant('norm.scale', 'float', channels, new Array(channels[0]!).fill(1))
    const inputs = [src.name, gain, shift.name, mean.name, variance.name]
    const y = to.add('BatchNormalization', inputs, { epsilon: { float: attrs.epsilon } })
    return attrs.relu ? to.add('Relu', [y]) : y
  },

  relu: ({ x: { src } }, to) => to.add('Relu', [src.name]),

  residualAdd({ x: { src, residual }, attrs }, to) {
    const scaled = attrs.scale === 1 ? residual.name : multiply(to, residual.name, attrs.scale)
    const y = to.add('Add', [src.name, scaled])
    return attrs.relu ? to.add('Relu', [y]) : y
  },

  scale: ({ x: { src }, attrs }, to) => multiply(to, src.name, attrs.factor),

  sum: ({ x: { src } }, to) => to.add('Sum', namesOf(src)),

  concat: ({ x: { src } }, to) => to.add('Concat', namesOf(src), { axis: { int: 1 } }),

  sliceChannels({ x: { src }, attrs: { begin, channels } }, to) {
    const bounds = { starts: begin, ends: begin + channels, axes: 1 }
    const inputs = Object.entries(bounds).map(([name, value]) => to.constant(name, 'int64', [1], [value]))
    return to.add('Slice', [src.name, ...inputs])
  },

  maxPool: ({ x: { src }, attrs }, to) => to.add('MaxPool', [src.name], windowOf(attrs)),

  avgPool: ({ x: { src }, attrs }, to) =>
    to.add('AveragePool', [src.name], {
      ...windowOf(attrs),
      count_include_pad: { int: attrs.includePadding ? 1 : 0 },
    }),

  globalAvgPool: ({ x: { src } }, to) =>
    to.add('Flatten', [to.add('GlobalAveragePool', [src.name])], { axis: { int: 1 } }),

  dense: ({ x: { src, weights, bias } }, to) =>
    to.add('Gemm', [src.name, weights.name, bias.name], { transB: { int: 1 } }),

  normaliseRows({ x: { src }, attrs: { centre, floor } }, to) {
    const row = src.shape.slice(1)
    const length = sizeOf(row)
    const perRow = { axes: { ints: row.map((_, i) => i + 1) }, keepdims: { int: 1 } }
    const z = centre ? to.add('Sub', [src.name, to.add('ReduceMean', [src.name], perRow)]) : src.name
    // The mean of the squares, because half precision could not hold their sum over an image.
    const squares = to.add('ReduceMean', [to.add('Mul', [z, z])], perRow)
    const held = to.add('Max', [squares, to.constant('floor', 'float', [], [floor / length])])
    return to.add('Div', [z, multiply(to, to.add('Sqrt', [held]), Math.sqrt(length))])
  },

  cast({ x: { src }, attrs: { dtype } }, to) {
    if (dtype === 'workspace') throw new Error('a workspace is no tensor')
    return to.add('Cast', [src.name], { to: { int: elementTypes[elementTypeOf[dtype]].code } })
  },
}

/** ONNX's names of our element types. */
export const elementTypeOf = { f32: 'float', bf16: 'bfloat16', s32: 'int32' } as const

const namesOf = (src: readonly Operand[]) => src.map(({ name }) => name)

function convolve(
  to: NodeWriter,
  src: Operand,
  weights: Operand,
  bias: Operand | undefined,
  attrs: Convolution,
): string {
  const inputs = [src.name, weights.name, ...(bias ? [bias.name] : [])]
  return to.add('Conv', inputs, { ...windowOf(attrs), group: { int: attrs.groups } })
}

const multiply = (to: NodeWriter, name: string, factor: number): string =>
  to.add('Mul', [name, to.constant('factor', 'float', [], [factor])])

/** ONNX lists padding before every axis, then after. */
const windowOf = ({ kernel, strides, padding: [height, width] }: Window) => ({
  kernel_shape: { ints: kernel },
  strides: { ints: strides },
  pads: { ints: [height[0], width[0], height[1], width[1]] },
})
