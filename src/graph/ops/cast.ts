import type { Dtype } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { defineOp, type Value } from '../op.js'

/** The same numbers as another type, rounded to nearest even. */
export const castOp = defineOp({
  name: 'cast',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer: ({ src }, { dtype }: { readonly dtype: Dtype }) => ({ dst: { dtype, shape: src.shape } }),
  saves: [],
  grad: ({ dst }, _, types) => (dst ? { src: cast(dst, types.src.dtype) } : {}),
  cost: ({ src }) => ({ multiplyAdds: 0, flops: sizeOf(src.shape) }),
  reference({ src }, { dst }) {
    dst.data.set(src.data)
  },
})

export const cast = (src: Value, dtype: Dtype): Value =>
  src.dtype === dtype ? src : castOp.emit({ src }, { dtype }).dst
