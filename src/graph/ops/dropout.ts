import { deriveKey, threefry2x32 } from '../../base/random.js'
import { sizeOf } from '../../base/shape.js'
import { defineOp, type Value } from '../op.js'

export interface Dropout {
  /** The share of elements that survive, scaled up by 1/keep; the paper keeps 0.8. */
  readonly keep: number
  readonly seed: number
  /** The place of the first element among those of all replicas, below 2³² with the last. @default 0 */
  readonly first?: number
}

/** Two dropouts of one network must not share a mask, so the scope is part of the key. */
export interface Placed extends Dropout {
  readonly scope: string
}

/**
 * Zeroes elements at random. The mask is a pure function of (seed, scope, step, element), so the backward pass
 * computes it again instead of storing it, and a resumed run draws what the uninterrupted one would have drawn.
 * src any shape, step [1] s32 → dst like src.
 */
export const dropoutOp = defineOp({
  name: 'dropout',
  inputs: { src: 'one', step: 'one' },
  outputs: { dst: 'one' },
  infer: ({ src }, _: Placed) => ({ dst: { dtype: src.dtype, shape: src.shape } }),
  saves: ['step'],
  grad: ({ dst }, { step }, _, attrs) => (dst ? { src: emit(dst, step, attrs) } : {}),
  cost: ({ src }) => ({ multiplyAdds: 0, flops: sizeOf(src.shape) }),
  reference({ src, step }, { dst }, { keep, seed, scope, first = 0 }) {
    const [k0, k1] = deriveKey(seed, 'dropout', scope, step.data[0]!)
    const limit = Math.round(keep * 2 ** 32)
    for (let i = 0; i < dst.data.length; i++) {
      const [draw] = threefry2x32(k0, k1, first + i, 0)
      dst.data[i] = draw < limit ? src.data[i]! / keep : 0
    }
  },
  inPlace: { dst: 'src' },
})

export const dropout = (src: Value, step: Value, attrs: Dropout): Value =>
  emit(src, step, { ...attrs, scope: src.node.graph.scope })

function emit(src: Value, step: Value, attrs: Placed): Value {
  return dropoutOp.emit({ src, step }, attrs).dst
}
