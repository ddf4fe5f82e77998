import { sizeOf } from '../../base/shape.js'
import { defineOp, matrix, ShapeError, type Type, type Value } from '../op.js'

/** dst = src · weightsᵀ + bias. src [N,I], weights [O,I], bias [O] → dst [N,O]. */
export const denseOp = defineOp({
  name: 'dense',
  inputs: { src: 'one', weights: 'one', bias: 'one' },
  outputs: { dst: 'one' },
  infer({ src, weights, bias }) {
    const [n, features] = matrix(src)
    const [units, inner] = matrix(weights)
    if (features !== inner) throw new ShapeError(`weights for ${inner} features, src has ${features}`)
    if (bias.shape[0] !== units) throw new ShapeError(`bias of ${bias.shape[0]} for ${units} units`)
    return { dst: { dtype: src.dtype, shape: [n, units] } }
  },
  saves: ['src', 'weights'],
  grad({ dst }, { src, weights }, types) {
    if (!dst) return {}
    const { diff_weights, diff_bias } = denseBackwardWeights.emit({ src, diff_dst: dst }, { weights: types.weights })
    const { diff_src } = denseBackwardData.emit({ diff_dst: dst, weights }, { src: types.src })
    return { src: diff_src, weights: diff_weights, bias: diff_bias }
  },
  cost: ({ src, weights }) => denseCost(src.shape[0]!, weights),
  reference({ src, weights, bias }, { dst }) {
    const [n, units] = matrix(dst)
    const [, features] = matrix(src)
    for (let row = 0; row < n; row++)
      for (let unit = 0; unit < units; unit++) {
        let total = bias.data[unit]!
        for (let i = 0; i < features; i++) total += src.data[row * features + i]! * weights.data[unit * features + i]!
        dst.data[row * units + unit] = total
      }
  },
})

export const denseBackwardData = defineOp({
  name: 'denseBackwardData',
  inputs: { diff_dst: 'one', weights: 'one' },
  outputs: { diff_src: 'one' },
  infer: (_, { src }: { readonly src: Type }) => ({ diff_src: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: null,
  cost: ({ diff_dst, weights }) => denseCost(diff_dst.shape[0]!, weights),
  reference({ diff_dst, weights }, { diff_src }) {
    const [n, features] = matrix(diff_src)
    const [, units] = matrix(diff_dst)
    diff_src.data.fill(0)
    for (let row = 0; row < n; row++)
      for (let unit = 0; unit < units; unit++) {
        const diff = diff_dst.data[row * units + unit]!
        for (let i = 0; i < features; i++)
          diff_src.data[row * features + i]! += diff * weights.data[unit * features + i]!
      }
  },
})

export const denseBackwardWeights = defineOp({
  name: 'denseBackwardWeights',
  inputs: { src: 'one', diff_dst: 'one' },
  outputs: { diff_weights: 'one', diff_bias: 'one' },
  infer: (_, { weights }: { readonly weights: Type }) => ({
    diff_weights: { dtype: weights.dtype, shape: weights.shape },
    diff_bias: { dtype: weights.dtype, shape: [weights.shape[0]!] },
  }),
  saves: [],
  grad: null,
  cost: ({ src }, { diff_weights }) => denseCost(src.shape[0]!, diff_weights),
  reference({ src, diff_dst }, { diff_weights, diff_bias }) {
    const [n, features] = matrix(src)
    const [, units] = matrix(diff_dst)
    diff_weights.data.fill(0)
    diff_bias.data.fill(0)
    for (let row = 0; row < n; row++)
      for (let unit = 0; unit < units; unit++) {
        const diff = diff_dst.data[row * units + unit]!
        diff_bias.data[unit]! += diff
        for (let i = 0; i < features; i++)
          diff_weights.data[unit * features + i]! += diff * src.data[row * features + i]!
      }
  },
})

export const dense2d = (src: Value, weights: Value, bias: Value): Value => denseOp.emit({ src, weights, bias }, {}).dst

function denseCost(rows: number, weights: Type) {
  const multiplyAdds = rows * sizeOf(weights.shape)
  return { multiplyAdds, flops: 2 * multiplyAdds }
}
