import { sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, type Numbers, type Type, type Value } from '../op.js'
import { covered, slide, type Window } from './window.js'

export interface AvgPool extends Window {
  /**
   * Whether the divisor counts padding. Excluded in the released TensorFlow networks; included in torchvision's
   * Inception-v3 and Caffe's BN-Inception, whose weights need it.
   */
  readonly includePadding: boolean
}

/** The mean under a window. src [N,C,H,W] → dst [N,C,H',W']. */
export const avgPoolOp = defineOp({
  name: 'avgPool',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer({ src }, attrs: AvgPool) {
    const [n, c, h, w] = featureMap(src)
    return { dst: { dtype: src.dtype, shape: [n, c, ...slide(h, w, attrs)] } }
  },
  saves: [],
  grad: ({ dst }, _, types, attrs) =>
    dst ? { src: avgPoolBackward.emit({ diff_dst: dst }, { ...attrs, src: types.src }).diff_src } : {},
  cost: (_, { dst }, { kernel }) => ({ multiplyAdds: 0, flops: sizeOf(dst.shape) * kernel[0] * kernel[1] }),
  reference({ src }, { dst }, attrs) {
    dst.data.fill(0)
    const weight = divisors(src, dst, attrs)
    eachPair(src, dst, attrs, (from, to) => {
      dst.data[to]! += src.data[from]! * weight[to % weight.length]!
    })
  },
})

/** Spreads each element of diff_dst evenly over what it averaged. */
export const avgPoolBackward = defineOp({
  name: 'avgPoolBackward',
  inputs: { diff_dst: 'one' },
  outputs: { diff_src: 'one' },
  infer: (_, { src }: AvgPool & { readonly src: Type }) => ({ diff_src: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: null,
  cost: ({ diff_dst }, _, { kernel }) => ({ multiplyAdds: 0, flops: sizeOf(diff_dst.shape) * kernel[0] * kernel[1] }),
  reference({ diff_dst }, { diff_src }, attrs) {
    diff_src.data.fill(0)
    const weight = divisors(diff_src, diff_dst, attrs)
    eachPair(diff_src, diff_dst, attrs, (from, to) => {
      diff_src.data[from]! += diff_dst.data[to]! * weight[to % weight.length]!
    })
  },
})

export const avgPool2d = (src: Value, attrs: AvgPool): Value => avgPoolOp.emit({ src }, attrs).dst

/** One over the number of elements that each place of the output averages. */
function divisors(src: Type, dst: Type, { kernel, strides, padding, includePadding }: AvgPool): Numbers {
  const [, , h, w] = featureMap(src)
  const [, , oh, ow] = featureMap(dst)
  const inside = (o: number, length: number, axis: 0 | 1) => {
    const begin = o * strides[axis] - padding[axis][0]
    return Math.min(length, begin + kernel[axis]) - Math.max(0, begin)
  }
  return Float64Array.from({ length: oh * ow }, (_, i) =>
    includePadding ? 1 / (kernel[0] * kernel[1]) : 1 / (inside(Math.floor(i / ow), h, 0) * inside(i % ow, w, 1)),
  )
}

function eachPair(
  src: Type,
  dst: Type,
  { kernel, strides, padding }: Window,
  visit: (src: number, dst: number) => void,
) {
  const [n, c, h, w] = featureMap(src)
  const [, , oh, ow] = featureMap(dst)
  for (let a = 0; a < kernel[0]; a++) {
    const [top, bottom] = covered(oh, h, strides[0], a, padding[0][0])
    for (let b = 0; b < kernel[1]; b++) {
      const [left, right] = covered(ow, w, strides[1], b, padding[1][0])
      for (let p = 0; p < n * c; p++)
        for (let y = top; y < bottom; y++)
          for (let x = left; x < right; x++)
            visit(
              (p * h + y * strides[0] + a - padding[0][0]) * w + x * strides[1] + b - padding[1][0],
              (p * oh + y) * ow + x,
            )
    }
  }
}
