import { sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, type Type, type Value } from '../op.js'
import { covered, slide, type Window } from './window.js'

/**
 * The largest element under a window; padding never wins. src [N,C,H,W] → dst [N,C,H',W'], and in `workspace` which
 * element it was (the first in row order among equals).
 */
export const maxPoolOp = defineOp({
  name: 'maxPool',
  inputs: { src: 'one' },
  outputs: { dst: 'one', workspace: 'one' },
  infer({ src }, attrs: Window) {
    const [n, c, h, w] = featureMap(src)
    const shape = [n, c, ...slide(h, w, attrs)]
    return { dst: { dtype: src.dtype, shape }, workspace: { dtype: 'workspace', shape } }
  },
  saves: ['workspace'],
  grad: ({ dst }, { workspace }, types, attrs) =>
    dst ? { src: maxPoolBackward.emit({ diff_dst: dst, workspace }, { ...attrs, src: types.src }).diff_src } : {},
  cost: (_, { dst }, { kernel }) => ({ multiplyAdds: 0, flops: sizeOf(dst.shape) * kernel[0] * kernel[1] }),
  reference({ src }, { dst, workspace }, { kernel, strides, padding }) {
    const [n, c, h, w] = featureMap(src)
    const [, , oh, ow] = featureMap(dst)
    dst.data.fill(Number.NEGATIVE_INFINITY)
    for (let a = 0; a < kernel[0]; a++) {
      const [top, bottom] = covered(oh, h, strides[0], a, padding[0][0])
      for (let b = 0; b < kernel[1]; b++) {
        const [left, right] = covered(ow, w, strides[1], b, padding[1][0])
        for (let p = 0; p < n * c; p++)
          for (let y = top; y < bottom; y++)
            for (let x = left; x < right; x++) {
              const from = (p * h + y * strides[0] + a - padding[0][0]) * w + x * strides[1] + b - padding[1][0]
              const to = (p * oh + y) * ow + x
              if (src.data[from]! > dst.data[to]!) {
                dst.data[to] = src.data[from]!
                workspace.data[to] = a * kernel[1] + b
              }
            }
      }
    }
  },
})

/** Sends each element of diff_dst back to the place that was largest. */
export const maxPoolBackward = defineOp({
  name: 'maxPoolBackward',
  inputs: { diff_dst: 'one', workspace: 'one' },
  outputs: { diff_src: 'one' },
  infer: (_, { src }: Window & { readonly src: Type }) => ({ diff_src: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: null,
  cost: ({ diff_dst }) => ({ multiplyAdds: 0, flops: sizeOf(diff_dst.shape) }),
  reference({ diff_dst, workspace }, { diff_src }, { kernel, strides, padding }) {
    const [n, c, h, w] = featureMap(diff_src)
    const [, , oh, ow] = featureMap(diff_dst)
    diff_src.data.fill(0)
    for (let p = 0; p < n * c; p++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++) {
          const from = (p * oh + y) * ow + x
          const tap = workspace.data[from]!
          const row = y * strides[0] + Math.floor(tap / kernel[1]) - padding[0][0]
          diff_src.data[(p * h + row) * w + x * strides[1] + (tap % kernel[1]) - padding[1][0]]! += diff_dst.data[from]!
        }
  },
})

export const maxPool2d = (src: Value, window: Window): Value => maxPoolOp.emit({ src }, window).dst
