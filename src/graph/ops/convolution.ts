import { type Shape, sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, type Numbers, ShapeError, type Type, type Value } from '../op.js'
import { covered, slide, type Window } from './window.js'

export interface Convolution extends Window {
  /** Channels are split in this many groups that do not see each other; 1 for an ordinary convolution. */
  readonly groups: number
}

/**
 * dst[n,o,y,x] = Σ src[n,i,y·s+a−p,x·s+b−p] · weights[o,i,a,b] (+ bias[o]).
 * src [N,I,H,W], weights [O,I/groups,kh,kw], bias [O] → dst [N,O,H',W'] of src's type. Weights and bias may stay f32
 * beside a bf16 src: they are rounded on the way in, and their gradients come back in their own type.
 */
export const convolution = defineOp({
  name: 'convolution',
  inputs: { src: 'one', weights: 'one', bias: 'optional' },
  outputs: { dst: 'one' },
  infer({ src, weights, bias }, attrs: Convolution) {
    const [n, channels, h, w] = featureMap(src)
    const [filters, perGroup, kh, kw] = featureMap(weights)
    if (perGroup * attrs.groups !== channels || filters % attrs.groups !== 0)
      throw new ShapeError(
        `weights for ${perGroup * attrs.groups} channels in ${attrs.groups} groups, src has ${channels}`,
      )
    if (kh !== attrs.kernel[0] || kw !== attrs.kernel[1])
      throw new ShapeError(`weights are ${kh}×${kw}, kernel is ${attrs.kernel.join('×')}`)
    if (bias && bias.shape[0] !== filters) throw new ShapeError(`bias of ${bias.shape[0]} for ${filters} filters`)
    return { dst: { dtype: src.dtype, shape: [n, filters, ...slide(h, w, attrs)] } }
  },
  saves: ['src', 'weights'],
  grad({ dst }, { src, weights }, types, attrs) {
    if (!dst) return {}
    const { diff_weights, diff_bias } = convolutionBackwardWeights.emit(
      { src, diff_dst: dst },
      { ...attrs, weights: types.weights, bias: types.bias !== undefined },
    )
    return {
      src: convolutionBackwardData.emit({ diff_dst: dst, weights }, { ...attrs, src: types.src }).diff_src,
      weights: diff_weights,
      bias: diff_bias,
    }
  },
  cost: ({ weights }, { dst }) => convolutionCost(weights.shape, dst.shape),
  reference({ src, weights, bias }, { dst }, attrs) {
    const plane = dst.shape[2]! * dst.shape[3]!
    for (let p = 0; p < dst.shape[0]! * dst.shape[1]!; p++) {
      dst.data.fill(bias ? bias.data[p % dst.shape[1]!]! : 0, p * plane, (p + 1) * plane)
    }
    const [s, d, k] = [src.data, dst.data, weights.data]
    const [map, area] = [src.shape[2]! * src.shape[3]!, attrs.kernel[0] * attrs.kernel[1]]
    const filter = weights.shape[1]! * area
    // Two filters by eight channels at a time: a sum stays in a register where it would go through memory eight times, and
    // what is read of the map serves both.
    eachRow(
      src.shape,
      weights.shape,
      dst.shape,
      attrs,
      pairOfEights,
      (tap, from, step, to, count, { filters, channels }) => {
        if (filters < 2 || channels < 8) {
          for (let f = 0; f < filters; f++)
            for (let c = 0; c < channels; c++)
              for (let i = 0; i < count; i++)
                d[to + f * plane + i]! += k[tap + f * filter + c * area]! * s[from + c * map + i * step]!
          return
        }
        const [w0, w1, w2, w3] = [k[tap]!, k[tap + area]!, k[tap + 2 * area]!, k[tap + 3 * area]!]
        const [w4, w5, w6, w7] = [k[tap + 4 * area]!, k[tap + 5 * area]!, k[tap + 6 * area]!, k[tap + 7 * area]!]
        const next = tap + filter
        const [v0, v1, v2, v3] = [k[next]!, k[next + area]!, k[next + 2 * area]!, k[next + 3 * area]!]
        const [v4, v5, v6, v7] = [k[next + 4 * area]!, k[next + 5 * area]!, k[next + 6 * area]!, k[next + 7 * area]!]
        for (let i = 0, at = from; i < count; i++, at += step) {
          const s0 = s[at]!
          const s1 = s[at + map]!
          const s2 = s[at + 2 * map]!
          const s3 = s[at + 3 * map]!
          const s4 = s[at + 4 * map]!
          const s5 = s[at + 5 * map]!
          const s6 = s[at + 6 * map]!
          const s7 = s[at + 7 * map]!
          d[to + i]! += w0 * s0 + w1 * s1 + w2 * s2 + w3 * s3 + (w4 * s4 + w5 * s5 + w6 * s6 + w7 * s7)
          d[to + plane + i]! += v0 * s0 + v1 * s1 + v2 * s2 + v3 * s3 + (v4 * s4 + v5 * s5 + v6 * s6 + v7 * s7)
        }
      },
    )
  },
  replay: ({ src, weights, bias }, _, attrs) => conv2d(src, weights, bias, attrs),
})

/** diff_src of a convolution, from diff_dst and the weights. */
export const convolutionBackwardData = defineOp({
  name: 'convolutionBackwardData',
  inputs: { diff_dst: 'one', weights: 'one' },
  outputs: { diff_src: 'one' },
  infer: (_, attrs: Convolution & { readonly src: Type }) => ({
    diff_src: { dtype: attrs.src.dtype, shape: attrs.src.shape },
  }),
  saves: [],
  grad: null,
  cost: ({ diff_dst, weights }) => convolutionCost(weights.shape, diff_dst.shape),
  reference({ diff_dst, weights }, { diff_src }, attrs) {
    diff_src.data.fill(0)
    const [s, d, k] = [diff_src.data, diff_dst.data, weights.data]
    eachRow(diff_src.shape, weights.shape, diff_dst.shape, attrs, single, (tap, from, step, to, count) => {
      const weight = k[tap]!
      for (let i = 0; i < count; i++) s[from + i * step]! += weight * d[to + i]!
    })
  },
})

/** diff_weights (and diff_bias where the convolution has one), from src and diff_dst. */
export const convolutionBackwardWeights = defineOp({
  name: 'convolutionBackwardWeights',
  inputs: { src: 'one', diff_dst: 'one' },
  outputs: { diff_weights: 'one', diff_bias: 'optional' },
  infer: (_, { weights, bias }: Convolution & { readonly weights: Type; readonly bias: boolean }) => ({
    diff_weights: { dtype: weights.dtype, shape: weights.shape },
    diff_bias: bias ? { dtype: weights.dtype, shape: [weights.shape[0]!] } : undefined,
  }),
  saves: [],
  grad: null,
  cost: ({ diff_dst }, { diff_weights }) => convolutionCost(diff_weights.shape, diff_dst.shape),
  reference({ src, diff_dst }, { diff_weights, diff_bias }, attrs) {
    diff_weights.data.fill(0)
    const [s, d, k] = [src.data, diff_dst.data, diff_weights.data]
    eachRow(src.shape, diff_weights.shape, diff_dst.shape, attrs, single, (tap, from, step, to, count) => {
      let sum = 0
      for (let i = 0; i < count; i++) sum += d[to + i]! * s[from + i * step]!
      k[tap]! += sum
    })
    if (diff_bias) sumPerChannel(d, diff_dst.shape, diff_bias.data)
  },
})

/** Adds a bias-free or biased convolution to the graph of `src`. */
export const conv2d = (src: Value, weights: Value, bias: Value | undefined, attrs: Convolution): Value =>
  convolution.emit({ src, weights, bias }, attrs).dst

function convolutionCost(weights: Shape, dst: Shape) {
  const multiplyAdds = sizeOf(dst) * sizeOf(weights.slice(1))
  return { multiplyAdds, flops: 2 * multiplyAdds }
}

function sumPerChannel(data: Numbers, [n, c, h, w]: Shape, sums: Numbers) {
  sums.fill(0)
  const plane = h! * w!
  for (let p = 0; p < n! * c!; p++) {
    let sum = 0
    for (let i = p * plane; i < (p + 1) * plane; i++) sum += data[i]!
    sums[p % c!]! += sum
  }
}

/** Filters and channels that a row is visited for. */
interface Block {
  readonly filters: number
  readonly channels: number
}

const single: Block = { filters: 1, channels: 1 }
const pairOfEights: Block = { filters: 2, channels: 8 }

/**
 * Visits every (weight, row of src, row of dst) triple of a convolution: weight index, first src index and the step
 * between src elements, first dst index, and how many. Rows keep the inner loop contiguous, which is what makes a
 * reference run of a whole network bearable. A visit is for the same tap of so many filters and input channels, from
 * those given on: `block`, or what is left of a group.
 */
function eachRow(
  src: Shape,
  weights: Shape,
  dst: Shape,
  { strides, padding, groups }: Convolution,
  block: Block,
  visit: (weight: number, src: number, step: number, dst: number, count: number, block: Block) => void,
) {
  const [n, c, h, w] = src as [number, number, number, number]
  const [filters, perGroup, kh, kw] = weights as [number, number, number, number]
  const [, , oh, ow] = dst as [number, number, number, number]
  const filtersPerGroup = filters / groups
  for (let image = 0; image < n; image++)
    for (let o = 0; o < filters; ) {
      const of = Math.min(block.filters, filtersPerGroup - (o % filtersPerGroup))
      for (let i = 0; i < perGroup; i += block.channels) {
        const channel = Math.floor(o / filtersPerGroup) * perGroup + i
        const channels = Math.min(block.channels, perGroup - i)
        const visited = of === block.filters && channels === block.channels ? block : { filters: of, channels }
        for (let a = 0; a < kh; a++) {
          const [top, bottom] = covered(oh, h, strides[0], a, padding[0][0])
          for (let b = 0; b < kw; b++) {
            const [left, right] = covered(ow, w, strides[1], b, padding[1][0])
            const tap = ((o * perGroup + i) * kh + a) * kw + b
            // Where both maps are read whole and in step, all their rows are one.
            const joined = strides[0] === 1 && strides[1] === 1 && ow === w && right - left === w
            const length = joined ? (bottom - top) * w : right - left
            for (let y = top; y < (joined ? Math.min(bottom, top + 1) : bottom); y++) {
              const row = ((image * c + channel) * h + y * strides[0] + a - padding[0][0]) * w
              const from = row + left * strides[1] + b - padding[1][0]
              visit(tap, from, strides[1], ((image * filters + o) * oh + y) * ow + left, length, visited)
            }
          }
        }
      }
      o += of
    }
}
