import type { Shape } from '../../src/base/shape.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { foldBatchNorm } from '../../src/graph/ops/foldBatchNorm.js'
import { fusedConvolution } from '../../src/graph/ops/fusedConvolution.js'
import { relu } from '../../src/graph/ops/relu.js'
import { stackFilters } from '../../src/graph/ops/stackFilters.js'
import type { Window } from '../../src/graph/ops/window.js'
import type { OpCase } from './contract.js'
import { none, one, window } from './windows.js'

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

export const convolutions: readonly OpCase[] = [
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

export const fused: readonly OpCase[] = [
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
