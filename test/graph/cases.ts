import type { Shape } from '../../src/base/shape.js'
import type { Value } from '../../src/graph/op.js'
import { type AvgPool, avgPool2d } from '../../src/graph/ops/avgPool.js'
import { batchNorm, batchNormBackward, batchNormInference } from '../../src/graph/ops/batchNorm.js'
import { cast } from '../../src/graph/ops/cast.js'
import { concat, sliceChannels } from '../../src/graph/ops/concat.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { dense2d } from '../../src/graph/ops/dense.js'
import { dropout } from '../../src/graph/ops/dropout.js'
import { foldBatchNorm } from '../../src/graph/ops/foldBatchNorm.js'
import { fusedConvolution } from '../../src/graph/ops/fusedConvolution.js'
import { globalAvgPool2d } from '../../src/graph/ops/globalAvgPool.js'
import { clipFactor, gradientNorms } from '../../src/graph/ops/gradientNorms.js'
import { maxPool2d } from '../../src/graph/ops/maxPool.js'
import { relu } from '../../src/graph/ops/relu.js'
import { residualAddOp } from '../../src/graph/ops/residualAdd.js'
import { scale } from '../../src/graph/ops/scale.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { constant } from '../../src/graph/ops/source.js'
import { stackFilters } from '../../src/graph/ops/stackFilters.js'
import { sumOp } from '../../src/graph/ops/sum.js'
import { momentumDescent, movingAverage, rmsprop } from '../../src/graph/ops/updates.js'
import type { Window } from '../../src/graph/ops/window.js'
import type { OpCase } from './contract.js'
import type { Material } from './material.js'

type Pair = readonly [number, number]

/** A window with one stride; padding as (before, after) of height and of width. */
const window = (kernel: Pair, stride: 1 | 2 | 3, height: Pair, width: Pair = height): Window => ({
  kernel,
  strides: [stride, stride],
  padding: [height, width],
})
const none: Pair = [0, 0]
const one: Pair = [1, 1]

interface ConvolutionCase {
  readonly src: Shape
  readonly filters: number
  readonly window: Window
  readonly groups?: number
  readonly bias?: boolean
}

const convolutionCase = (
  name: string,
  { src, filters, window, groups = 1, bias = false }: ConvolutionCase,
): OpCase => ({
  name: `convolution ${name}`,
  build: m => {
    const weights = m.weight([filters, src[1]! / groups, ...window.kernel])
    return [conv2d(m.map(src), weights, bias ? m.weight([filters]) : undefined, { ...window, groups })]
  },
})

const convolutions: readonly OpCase[] = [
  convolutionCase('1×1', { src: [2, 5, 4, 3], filters: 6, window: window([1, 1], 1, none) }),
  convolutionCase('1×1, 32 to 48 channels', { src: [2, 32, 8, 8], filters: 48, window: window([1, 1], 1, none) }),
  convolutionCase('1×1 with stride 2', { src: [2, 16, 7, 7], filters: 8, window: window([1, 1], 2, none) }),
  convolutionCase('1×1 with bias', { src: [3, 24, 5, 5], filters: 40, window: window([1, 1], 1, none), bias: true }),
  convolutionCase('1×1 on one place of one image', { src: [1, 3, 1, 1], filters: 2, window: window([1, 1], 1, none) }),
  convolutionCase('3×3 same, first layer', { src: [2, 3, 9, 11], filters: 32, window: window([3, 3], 1, one) }),
  convolutionCase('3×3 valid, stride 2, odd size', { src: [1, 3, 11, 9], filters: 5, window: window([3, 3], 2, none) }),
  convolutionCase('3×3 valid, stride 2, last row unused', {
    src: [2, 16, 8, 10],
    filters: 16,
    window: window([3, 3], 2, none),
  }),
  convolutionCase('3×3 after SAME on an even size', {
    src: [2, 4, 8, 6],
    filters: 7,
    window: window([3, 3], 2, [0, 1]),
  }),
  convolutionCase('3×3 half, stride 2', { src: [2, 4, 8, 7], filters: 7, window: window([3, 3], 2, one) }),
  convolutionCase('3×3 with bias, one image', {
    src: [1, 17, 5, 7],
    filters: 19,
    window: window([3, 3], 1, one),
    bias: true,
  }),
  convolutionCase('5×5 same', { src: [1, 8, 6, 6], filters: 8, window: window([5, 5], 1, [2, 2]) }),
  convolutionCase('5×5 valid down to one place', { src: [2, 16, 5, 5], filters: 24, window: window([5, 5], 1, none) }),
  convolutionCase('1×7 same', { src: [2, 16, 5, 9], filters: 16, window: window([1, 7], 1, none, [3, 3]) }),
  convolutionCase('7×1 same', { src: [2, 16, 9, 5], filters: 16, window: window([7, 1], 1, [3, 3], none) }),
  convolutionCase('1×7 wider than its map', { src: [1, 8, 3, 3], filters: 8, window: window([1, 7], 1, none, [3, 3]) }),
  convolutionCase('7×7 half, stride 2', { src: [1, 3, 14, 15], filters: 8, window: window([7, 7], 2, [3, 3]) }),
  convolutionCase('depthwise 7×7, multiplier 8', {
    src: [2, 3, 12, 12],
    filters: 24,
    window: window([7, 7], 2, [2, 3]),
    groups: 3,
  }),
  convolutionCase('two groups with bias', {
    src: [2, 6, 5, 5],
    filters: 4,
    window: window([3, 3], 1, one),
    groups: 2,
    bias: true,
  }),
]

interface FusedCase extends ConvolutionCase {
  readonly residual: boolean
  readonly scale?: number
  readonly act?: boolean
}

const fusedCase = (name: string, { src, filters, window, residual, scale = 1, act = true }: FusedCase): OpCase => ({
  name: `fusedConvolution ${name}`,
  backward: 'none',
  build: m => {
    const x = m.map(src)
    const weights = m.weight([filters, src[1]!, ...window.kernel])
    const conv = { weights, bias: m.weight([filters]) }
    // A map made inside the graph, which the kernel may overwrite, unlike an input.
    const before = residual ? relu(conv2d(x, m.weight(weights.shape), undefined, { ...window, groups: 1 })) : undefined
    return [
      fusedConvolution.emit({ src: x, ...conv, residual: before }, { ...window, groups: 1, scale, relu: act }).dst,
    ]
  },
})

const wide: Shape = [2, 32, 9, 9]

const fused: readonly OpCase[] = [
  fusedCase('1×1 with relu', { src: wide, filters: 48, window: window([1, 1], 1, none), residual: false }),
  fusedCase('3×3 with relu', { src: wide, filters: 48, window: window([3, 3], 1, one), residual: false }),
  fusedCase('1×1 onto a residual', { src: wide, filters: 48, window: window([1, 1], 1, none), residual: true }),
  fusedCase('1×1, a tenth of it onto a residual', {
    src: [3, 17, 5, 6],
    filters: 19,
    window: window([1, 1], 1, none),
    residual: true,
    scale: 0.1,
  }),
  fusedCase('3×3, scaled, onto a residual, without relu', {
    src: wide,
    filters: 32,
    window: window([3, 3], 1, one),
    residual: true,
    scale: 0.3,
    act: false,
  }),
  {
    name: 'fusedConvolution onto its own source',
    backward: 'none',
    build: m => {
      const x = relu(m.map([2, 16, 4, 4]))
      const attrs = { ...window([1, 1], 1, none), groups: 1, scale: 0.5, relu: true }
      return [
        fusedConvolution.emit({ src: x, weights: m.weight([16, 16, 1, 1]), bias: undefined, residual: x }, attrs).dst,
      ]
    },
  },
  {
    name: 'a convolution with weights folded and stacked beforehand',
    backward: 'none',
    build: m => {
      const folded = [24, 16].map(filters =>
        foldBatchNorm.emit(
          {
            weights: m.weight([filters, 8, 1, 1]),
            bias: undefined,
            scale: m.weight([filters], 'positive'),
            shift: m.weight([filters]),
            mean: m.weight([filters]),
            variance: m.weight([filters], 'positive'),
          },
          { epsilon: 1e-3 },
        ),
      )
      const weights = stackFilters.emit({ src: folded.map(({ weights }) => weights) }, {}).dst
      const bias = stackFilters.emit({ src: folded.map(({ bias }) => bias) }, {}).dst
      const attrs = { ...window([1, 1], 1, none), groups: 1, scale: 1, relu: true }
      return [fusedConvolution.emit({ src: m.map([2, 8, 5, 5]), weights, bias, residual: undefined }, attrs).dst]
    },
  },
  {
    name: 'foldBatchNorm with bias, without scale',
    backward: 'none',
    build: m => {
      const statistics = { shift: m.weight([6]), mean: m.weight([6]), variance: m.weight([6], 'positive') }
      const { weights, bias } = foldBatchNorm.emit(
        { weights: m.weight([6, 3, 3, 3]), bias: m.weight([6]), scale: undefined, ...statistics },
        { epsilon: 1e-3 },
      )
      return [weights, bias]
    },
  },
  {
    name: 'stackFilters',
    backward: 'none',
    build: m => [stackFilters.emit({ src: [m.weight([3, 4, 1, 2]), m.weight([5, 4, 1, 2])] }, {}).dst],
  },
]

const batchNorms: readonly OpCase[] = [false, true].flatMap(withScale =>
  [false, true].flatMap((withRelu): OpCase[] => {
    const how = `${withScale ? 'with' : 'without'} scale${withRelu ? ', with relu' : ''}`
    const attrs = { epsilon: 1e-3, relu: withRelu }
    const optional = (m: Material, channels: number) => (withScale ? m.weight([channels], 'positive') : undefined)
    return [
      {
        name: `batchNorm ${how}`,
        build: m => [
          batchNorm.emit({ src: m.map([3, 17, 5, 4]), scale: optional(m, 17), shift: m.weight([17]) }, attrs).dst,
        ],
      },
      {
        name: `batchNorm ${how}, one image of 32 channels`,
        build: m => [
          batchNorm.emit({ src: m.map([1, 32, 7, 7]), scale: optional(m, 32), shift: m.weight([32]) }, attrs).dst,
        ],
      },
      {
        name: `batchNormInference ${how}`,
        backward: 'none',
        build: m => {
          const statistics = { mean: m.weight([5]), variance: m.weight([5], 'positive') }
          const src = m.map([2, 5, 3, 3])
          return [
            batchNormInference.emit({ src, scale: optional(m, 5), shift: m.weight([5]), ...statistics }, attrs).dst,
          ]
        },
      },
    ]
  }),
)

const fixedStatistics: OpCase = {
  name: 'batchNormBackward with fixed statistics',
  backward: 'none',
  build: m => [
    batchNormBackward.emit(
      {
        src: m.map([2, 5, 3, 4]),
        scale: m.weight([5], 'positive'),
        mean: m.single([5]),
        variance: m.single([5], 'positive'),
        workspace: undefined,
        diff_dst: m.map([2, 5, 3, 4]),
      },
      { epsilon: 1e-3, relu: false, fixedStatistics: true, scale: true },
    ).diff_src,
  ],
}

const averaged = (name: string, src: Shape, attrs: AvgPool): OpCase => ({
  name: `avgPool ${name}`,
  build: m => [avgPool2d(m.map(src), attrs)],
})

const pools: readonly OpCase[] = [
  {
    name: 'maxPool 3×3 valid, stride 2',
    build: m => [maxPool2d(m.map([2, 5, 9, 11], 'distinct'), window([3, 3], 2, none))],
  },
  {
    name: 'maxPool 3×3 after SAME',
    build: m => [maxPool2d(m.map([1, 16, 8, 8], 'distinct'), window([3, 3], 2, [0, 1]))],
  },
  {
    name: 'maxPool 3×3 half, stride 2',
    build: m => [maxPool2d(m.map([2, 3, 8, 7], 'distinct'), window([3, 3], 2, one))],
  },
  { name: 'maxPool 3×3 same', build: m => [maxPool2d(m.map([2, 3, 5, 5], 'distinct'), window([3, 3], 1, one))] },
  averaged('3×3 same, padding excluded', [2, 5, 6, 7], { ...window([3, 3], 1, one), includePadding: false }),
  averaged('3×3 same, padding included', [2, 5, 6, 7], { ...window([3, 3], 1, one), includePadding: true }),
  averaged('3×3 same on a single place', [1, 16, 1, 1], { ...window([3, 3], 1, one), includePadding: false }),
  averaged('5×5 valid, stride 3', [1, 16, 17, 17], { ...window([5, 5], 3, none), includePadding: false }),
  { name: 'globalAvgPool', build: m => [globalAvgPool2d(m.map([2, 17, 3, 5]))] },
  { name: 'globalAvgPool of one place', build: m => [globalAvgPool2d(m.map([1, 8, 1, 1]))] },
]

const elementwise: readonly OpCase[] = [
  { name: 'relu', build: m => [relu(m.map([2, 5, 6, 7], 'distinct'))] },
  { name: 'relu of one image', build: m => [relu(m.map([1, 32, 4, 4], 'distinct'))] },
  { name: 'scale', build: m => [scale(m.map([2, 5, 3, 7]), 0.17)] },
  ...[false, true].map(
    (withRelu): OpCase => ({
      name: `residualAdd${withRelu ? ' with relu' : ''}`,
      build: m => {
        const [src, residual] = [m.map([2, 9, 4, 5]), m.map([2, 9, 4, 5])]
        return [residualAddOp.emit({ src, residual }, { scale: 0.1, relu: withRelu }).dst]
      },
    }),
  ),
  {
    name: 'sum of three',
    build: m => [sumOp.emit({ src: [m.map([2, 5, 3, 3]), m.map([2, 5, 3, 3]), m.map([2, 5, 3, 3])] }, {}).dst],
  },
  {
    name: 'sum with a constant',
    build: m => [sumOp.emit({ src: [m.single([2, 5, 3, 3]), constant(m.graph, [2, 5, 3, 3], -0.25)] }, {}).dst],
  },
  {
    name: 'concat of unequal branches',
    build: m => [concat([m.map([2, 3, 4, 5]), m.map([2, 16, 4, 5]), m.map([2, 1, 4, 5])])],
  },
  { name: 'concat of one image', build: m => [concat([m.map([1, 32, 3, 3]), m.map([1, 16, 3, 3])])] },
  {
    name: 'sliceChannels',
    backward: 'none',
    build: m => [sliceChannels.emit({ src: m.map([2, 9, 3, 4]) }, { begin: 2, channels: 5 }).dst],
  },
  { name: 'cast to bf16', needsBf16: true, build: m => [cast(m.single([2, 5, 3, 3]), 'bf16')] },
  { name: 'cast to f32', needsBf16: true, build: m => [cast(cast(m.single([2, 5]), 'bf16'), 'f32')] },
  { name: 'dropout of features', build: m => [dropout(m.single([4, 50]), m.whole([3]), { keep: 0.8, seed: 9 })] },
  { name: 'dropout of a map', build: m => [dropout(m.map([2, 8, 4, 4]), m.whole([70_000]), { keep: 0.5, seed: 1 })] },
]

const classifier: readonly OpCase[] = [
  { name: 'dense', build: m => [dense2d(m.single([3, 17]), m.weight([10, 17]), m.weight([10]))] },
  {
    name: 'dense in the activations’ precision',
    build: m => [dense2d(m.map([4, 32]), m.weight([16, 32]), m.weight([16]))],
  },
  { name: 'dense on one row', build: m => [dense2d(m.single([1, 8]), m.weight([3, 8]), m.weight([3]))] },
  ...[0, 0.1].map(
    (smoothing): OpCase => ({
      name: `softmaxCrossEntropy with smoothing ${smoothing}`,
      build: m => [
        softmaxCrossEntropy.emit({ logits: m.single([3, 11]), labels: m.whole([0, 10, 4]) }, { smoothing }).loss,
      ],
    }),
  ),
  {
    name: 'softmaxCrossEntropy of one row of large logits',
    build: m => [
      softmaxCrossEntropy.emit({ logits: scale(m.single([1, 6]), 40), labels: m.whole([2]) }, { smoothing: 0.1 }).loss,
    ],
  },
]

/** Parameters, their gradients and the slots of an update rule, one tensor odd-sized, one a scalar. */
const shapes: readonly Shape[] = [[4, 3, 3, 3], [17], [1], [5, 7]]
const decays = { weightDecay: [4e-5, 0, 0, 0.01] }
const list = (m: Material, law: 'normal' | 'positive' = 'normal') => shapes.map(shape => m.weight(shape, law))
const gradientsOf = (m: Material) => shapes.map(shape => m.gradient(shape))
const rates = (m: Material) => ({
  learningRate: m.scalar(0.045),
  gradientScale: m.scalar(0.5),
  averageDecay: m.scalar(0.9),
})

const updates: readonly OpCase[] = [
  ...[true, false].flatMap((averaged): OpCase[] => {
    const averages = (m: Material) => (averaged ? list(m) : [])
    const how = averaged ? ' with averages' : ''
    return [
      {
        name: `rmsprop${how}`,
        backward: 'none',
        build: m => {
          const slots = { meanSquares: list(m, 'positive'), momenta: list(m), averages: averages(m) }
          const step = { weights: list(m), gradients: gradientsOf(m), ...slots, ...rates(m) }
          rmsprop.emit(step, { ...decays, decay: 0.9, epsilon: 1, momentum: 0.9 })
          return []
        },
      },
      {
        name: `momentumDescent${how}`,
        backward: 'none',
        build: m => {
          const step = {
            weights: list(m),
            gradients: gradientsOf(m),
            momenta: list(m),
            averages: averages(m),
            ...rates(m),
          }
          momentumDescent.emit(step, { ...decays, momentum: 0.9 })
          return []
        },
      },
    ]
  }),
  {
    name: 'movingAverage',
    backward: 'none',
    build: m => {
      movingAverage.emit({ averages: list(m), src: gradientsOf(m), decay: m.scalar(0.99) }, {})
      return []
    },
  },
  {
    name: 'gradientNorms',
    backward: 'none',
    build: m => [gradientNorms.emit({ gradients: gradientsOf(m), weights: list(m) }, decays).norms],
  },
  ...[2, 200].map(
    (limit): OpCase => ({
      name: `clipFactor ${limit < 10 ? 'that clips' : 'that does not'}`,
      backward: 'none',
      build: m => [clipFactor.emit({ norms: m.single([6], 'positive') }, { limit }).factor],
    }),
  ),
]

/** Convolution, batch norm and the ReLU inside it, as a trained network has them after `absorbRelu`. */
const unit = (m: Material, x: Value, filters: number, kernel: Window, withScale = true) => {
  const y = conv2d(x, m.weight([filters, x.shape[1]!, ...kernel.kernel]), undefined, { ...kernel, groups: 1 })
  const scale = withScale ? m.weight([filters], 'positive') : undefined
  return batchNorm.emit({ src: y, scale, shift: m.weight([filters], 'positive') }, { epsilon: 1e-3, relu: true }).dst
}

/** A convolution with bias and ReLU, whose gradient no batch norm cancels. */
const plain = (m: Material, x: Value, filters: number, kernel: Window) =>
  relu(conv2d(x, m.weight([filters, x.shape[1]!, ...kernel.kernel]), m.weight([filters]), { ...kernel, groups: 1 }))

/**
 * A classifier that weighs every place of the map differently: the gradient of a plain average is the same everywhere,
 * which a batch norm cancels, and what is left would be rounding.
 */
const classify = (m: Material, x: Value, labels: readonly number[]) => {
  const [, channels, height, width] = x.shape as [number, number, number, number]
  const all = window([height, width], 1, none)
  const place = conv2d(x, m.weight([6, channels, height, width]), undefined, { ...all, groups: 1 })
  const features = scale(cast(globalAvgPool2d(place), 'f32'), 0.01)
  const logits = dense2d(features, m.weight([5, features.shape[1]!]), m.weight([5]))
  return softmaxCrossEntropy.emit({ logits, labels: m.whole(labels) }, { smoothing: 0.1 }).loss
}

const whole: readonly OpCase[] = [
  {
    name: 'an inception block: one value read by four branches of unequal width',
    backward: 'loss',
    build: m => {
      const x = plain(m, m.map([2, 3, 8, 8]), 8, window([3, 3], 1, one))
      const joined = concat([
        unit(m, x, 4, window([1, 1], 1, none)),
        unit(m, unit(m, x, 3, window([1, 1], 1, none), false), 6, window([1, 7], 1, none, [3, 3])),
        unit(m, avgPool2d(x, { ...window([3, 3], 1, one), includePadding: false }), 5, window([1, 1], 1, none)),
        maxPool2d(x, window([3, 3], 1, one)),
      ])
      return [classify(m, joined, [1, 4])]
    },
  },
  {
    name: 'two residual blocks with a linear expansion',
    backward: 'loss',
    build: m => {
      let x = plain(m, m.map([2, 3, 7, 7]), 8, window([3, 3], 2, none))
      for (let i = 0; i < 2; i++) {
        const body = unit(m, x, 4, window([3, 3], 1, one))
        const expanded = conv2d(body, m.weight([8, 4, 1, 1]), m.weight([8]), { ...window([1, 1], 1, none), groups: 1 })
        x = residualAddOp.emit({ src: x, residual: expanded }, { scale: 0.2, relu: true }).dst
      }
      return [classify(m, x, [0, 3])]
    },
  },
]

/** Every op in the uses that networks make of it and at the edges: what a backend must pass to be one. */
export const opCases: readonly OpCase[] = [
  ...convolutions,
  ...fused,
  ...batchNorms,
  fixedStatistics,
  ...pools,
  ...elementwise,
  ...classifier,
  ...updates,
  ...whole,
]
