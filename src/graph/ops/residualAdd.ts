import { formatShape, sameShape, sizeOf } from '../../base/shape.js'
import { defineOp, ShapeError, type Value } from '../op.js'
import { reluBackward } from './relu.js'
import { scale } from './scale.js'

/**
 * dst = src + scale · residual, then a ReLU where asked (arXiv:1602.07261 §3.3: scales of 0.1 to 0.3 keep networks
 * with more than a thousand filters from dying). All three [N,C,H,W].
 */
export const residualAddOp = defineOp({
  name: 'residualAdd',
  inputs: { src: 'one', residual: 'one' },
  outputs: { dst: 'one' },
  infer({ src, residual }, _: { readonly scale: number; readonly relu: boolean }) {
    if (!sameShape(src.shape, residual.shape))
      throw new ShapeError(`residual body gives ${formatShape(residual.shape)}, input is ${formatShape(src.shape)}`)
    return { dst: { dtype: src.dtype, shape: src.shape } }
  },
  saves: ['dst'],
  grad({ dst: diff }, { dst }, _, attrs) {
    if (!diff) return {}
    const through = attrs.relu ? reluBackward.emit({ dst, diff_dst: diff }, {}).diff_src : diff
    return { src: through, residual: scale(through, attrs.scale) }
  },
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(src.shape) }),
  reference({ src, residual }, { dst }, { scale, relu }) {
    for (let i = 0; i < dst.data.length; i++) {
      const y = src.data[i]! + scale * residual.data[i]!
      dst.data[i] = relu && y < 0 ? 0 : y
    }
  },
  inPlace: { dst: 'src' },
  absorbRelu: attrs => ({ ...attrs, relu: true }),
  replay: ({ src, residual }, _, attrs): Value => residualAddOp.emit({ src, residual }, attrs).dst,
})

export const residualAdd = (src: Value, residual: Value, scale: number): Value =>
  residualAddOp.emit({ src, residual }, { scale, relu: false }).dst
