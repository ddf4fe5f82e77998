import { formatShape, sameShape, sizeOf } from '../../base/shape.js'
import { defineOp, ShapeError } from '../op.js'
import { type Convolution, convolution } from './convolution.js'

export interface FusedConvolution extends Convolution {
  /** What the biased convolution is multiplied by before it is added to the residual. */
  readonly scale: number
  readonly relu: boolean
}

/**
 * dst = residual + scale · (convolution(src, weights) + bias), then a ReLU where asked: a convolution with all that
 * follows it, so that its result is written once. Emitted by passes only, after gradients have been taken.
 * Shapes as `convolution`; residual like dst.
 */
export const fusedConvolution = defineOp({
  name: 'fusedConvolution',
  inputs: { src: 'one', weights: 'one', bias: 'optional', residual: 'optional' },
  outputs: { dst: 'one' },
  infer({ src, weights, bias, residual }, attrs: FusedConvolution) {
    const made = convolution.infer({ src, weights, bias }, attrs)
    if (residual && !sameShape(residual.shape, made.dst.shape))
      throw new ShapeError(`adds ${formatShape(made.dst.shape)} to ${formatShape(residual.shape)}`)
    return made
  },
  saves: [],
  grad: null,
  cost({ src, weights, bias, residual }, y, attrs) {
    const { multiplyAdds, flops } = convolution.cost({ src, weights, bias }, y, attrs)
    return { multiplyAdds, flops: flops + (residual ? 2 * sizeOf(residual.shape) : 0) }
  },
  reference({ src, weights, bias, residual }, { dst }, attrs) {
    convolution.reference({ src, weights, bias }, { dst }, attrs)
    for (let i = 0; i < dst.data.length; i++) {
      const y = (residual ? residual.data[i]! : 0) + attrs.scale * dst.data[i]!
      dst.data[i] = attrs.relu && y < 0 ? 0 : y
    }
  },
  absorbRelu: attrs => ({ ...attrs, relu: true }),
})
