import type { Shape } from '../../src/base/shape.js'
import type { Value } from '../../src/graph/op.js'
import { type AvgPool, avgPool2d } from '../../src/graph/ops/avgPool.js'
import { batchNorm, batchNormBackward, batchNormInference } from '../../src/graph/ops/batchNorm.js'
import { cast } from '../../src/graph/ops/cast.js'
import { concat, sliceChannels } from '../../src/graph/ops/concat.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { dense2d } from '../../src/graph/ops/dense.js'
import { dropout } from '../../src/graph/ops/dropout.js'
import { globalAvgPool2d } from '../../src/graph/ops/globalAvgPool.js'
import { clipFactor, gradientNorms } from '../../src/graph/ops/gradientNorms.js'
import { mapStatistics } from '../../src/graph/ops/mapStatistics.js'
import { maxPool2d } from '../../src/graph/ops/maxPool.js'
import { mixedCrossEntropy } from '../../src/graph/ops/mixedCrossEntropy.js'
import { normaliseRows } from '../../src/graph/ops/normaliseRows.js'
import { relu } from '../../src/graph/ops/relu.js'
import { residualAddOp } from '../../src/graph/ops/residualAdd.js'
import { scale } from '../../src/graph/ops/scale.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { constant } from '../../src/graph/ops/source.js'
import { sumOp } from '../../src/graph/ops/sum.js'
import { momentumDescent, movingAverage, rmsprop } from '../../src/graph/ops/updates.js'
import { blocks } from './block-cases.js'
import type { OpCase } from './contract.js'
import { convolutions, fused } from './convolution-cases.js'
import { exchanges } from './exchange-cases.js'
import { globalNorms } from './global-norm-cases.js'
import type { Material } from './material.js'
import { none, one, window } from './windows.js'

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
      {
        name: `batchNormInference ${how}, with its gradient`,
        build: m => {
          // Statistics have no gradient, so no variables here.
          const [mean, variance] = [constant(m.graph, [5], 0.25), constant(m.graph, [5], 2)]
          const src = m.map([2, 5, 3, 3], 'distinct')
          const norm = { src, scale: optional(m, 5), shift: m.weight([5]), mean, variance }
          return [batchNormInference.emit(norm, attrs).dst]
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
  {
    name: 'dropout of a second part',
    build: m => [dropout(m.single([4, 50]), m.whole([3]), { keep: 0.8, seed: 9, first: 200 })],
  },
  { name: 'dropout of a map', build: m => [dropout(m.map([2, 8, 4, 4]), m.whole([70_000]), { keep: 0.5, seed: 1 })] },
  { name: 'normaliseRows', build: m => [normaliseRows(m.single([3, 17]), { centre: false, floor: 1e-10 })] },
  {
    name: 'normaliseRows of a map, centred',
    build: m => [normaliseRows(m.map([2, 3, 5, 7]), { centre: true, floor: 1 })],
  },
  ...[false, true].map(
    (centre): OpCase => ({
      name: `normaliseRows shorter than the floor${centre ? ', centred' : ''}`,
      build: m => [normaliseRows(m.single([1, 9]), { centre, floor: 1000 })],
    }),
  ),
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
  ...[0, 0.3, 1].map(
    (share): OpCase => ({
      name: `mixedCrossEntropy with shares of ${share}`,
      build: m => {
        // Labels, others and shares have no gradient; of the last row both labels are the same.
        const rows = { labels: m.whole([0, 10, 4]), others: m.whole([3, 0, 4]), shares: constant(m.graph, [3], share) }
        return [mixedCrossEntropy.emit({ logits: m.single([3, 11]), ...rows }, { smoothing: 0.1 }).loss]
      },
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

const statisticsCase = (name: string, map: (m: Material) => Value): OpCase => ({
  name: `mapStatistics ${name}`,
  backward: 'none',
  build: m => [mapStatistics(map(m))],
})

/** Channels that fill no block of 16 among them, whichever kernel has made the map. */
const statistics: readonly OpCase[] = [
  statisticsCase('without zeros', m => m.map([2, 16, 5, 4], 'distinct')),
  statisticsCase('of a map cut by ReLU', m => relu(m.map([2, 32, 5, 5], 'distinct'))),
  statisticsCase('of 17 channels', m => relu(m.map([3, 17, 4, 5], 'distinct'))),
  statisticsCase('of one channel at one place', m => m.map([1, 1, 1, 1], 'positive')),
  statisticsCase('of nothing but zeros', m => scale(m.map([2, 19, 3, 3]), 0)),
  statisticsCase('of features', m => m.single([3, 7])),
  statisticsCase('after a convolution to 19 channels', m => {
    const weights = m.weight([19, 5, 3, 3])
    return relu(conv2d(m.map([2, 5, 6, 7]), weights, undefined, { ...window([3, 3], 1, one), groups: 1 }))
  }),
  statisticsCase('after a norm of 17 channels', m => {
    const norm = { src: m.map([2, 17, 4, 4]), scale: undefined, shift: m.weight([17]) }
    return batchNorm.emit(norm, { epsilon: 1e-3, relu: true }).dst
  }),
  statisticsCase('of joined maps of odd widths', m =>
    concat([relu(m.map([2, 3, 4, 5], 'distinct')), m.map([2, 18, 4, 5], 'distinct')]),
  ),
]

/** Every op in the uses that networks make of it and at the edges: what a backend must pass to be one. */
export const opCases: readonly OpCase[] = [
  ...convolutions,
  ...fused,
  ...batchNorms,
  fixedStatistics,
  ...globalNorms,
  ...pools,
  ...elementwise,
  ...classifier,
  ...updates,
  ...statistics,
  ...exchanges,
  ...blocks,
]
