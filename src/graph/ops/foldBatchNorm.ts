import { sizeOf } from '../../base/shape.js'
import { defineOp } from '../op.js'

/**
 * The weights and bias of the one convolution that does what a convolution and a batch norm with given statistics do:
 * weights[o] · g and (bias − mean) · g + shift, with g = scale / √(variance + ε) of each filter o.
 * weights [O,…], all else [O], f32.
 */
export const foldBatchNorm = defineOp({
  name: 'foldBatchNorm',
  inputs: {
    weights: 'one',
    bias: 'optional',
    scale: 'optional',
    shift: 'one',
    mean: 'one',
    variance: 'one',
  },
  outputs: { weights: 'one', bias: 'one' },
  infer: ({ weights, shift }, _: { readonly epsilon: number }) => ({
    weights: { dtype: weights.dtype, shape: weights.shape },
    bias: { dtype: shift.dtype, shape: shift.shape },
  }),
  saves: [],
  grad: null,
  cost: ({ weights }) => ({ multiplyAdds: 0, flops: sizeOf(weights.shape) }),
  reference({ weights, bias, scale, shift, mean, variance }, folded, { epsilon }) {
    const [from, to] = [weights.data, folded.weights.data]
    const filter = from.length / shift.data.length
    for (let o = 0; o < shift.data.length; o++) {
      const gain = (scale ? scale.data[o]! : 1) / Math.sqrt(variance.data[o]! + epsilon)
      folded.bias.data[o] = ((bias ? bias.data[o]! : 0) - mean.data[o]!) * gain + shift.data[o]!
      for (let i = o * filter; i < (o + 1) * filter; i++) to[i] = from[i]! * gain
    }
  },
})
