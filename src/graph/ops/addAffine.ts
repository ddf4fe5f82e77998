import { formatShape, sameShape, sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, ShapeError } from '../op.js'

/**
 * dst = residual + slope · src + offset, with a slope and an offset for each channel: src and residual [N,C,H,W], slope
 * and offset [C] f32 → dst like residual.
 */
export const addAffine = defineOp({
  name: 'addAffine',
  inputs: { src: 'one', slope: 'one', offset: 'one', residual: 'one' },
  outputs: { dst: 'one' },
  infer({ src, slope, offset, residual }) {
    const [, channels] = featureMap(src)
    if (!sameShape(src.shape, residual.shape) || src.dtype !== residual.dtype)
      throw new ShapeError(
        `cannot add ${src.dtype} ${formatShape(src.shape)} to ${residual.dtype} ${formatShape(residual.shape)}`,
      )
    for (const { shape } of [slope, offset])
      if (!sameShape(shape, [channels])) throw new ShapeError(`${formatShape(shape)} for ${channels} channels`)
    return { dst: { dtype: residual.dtype, shape: residual.shape } }
  },
  saves: [],
  grad: null,
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 3 * sizeOf(src.shape) }),
  reference({ src, slope, offset, residual }, { dst }) {
    const [, channels, height, width] = featureMap(src)
    for (let i = 0; i < dst.data.length; i++) {
      const c = Math.floor(i / (height * width)) % channels
      dst.data[i] = residual.data[i]! + (slope.data[c]! * src.data[i]! + offset.data[c]!)
    }
  },
  inPlace: { dst: 'residual' },
})
