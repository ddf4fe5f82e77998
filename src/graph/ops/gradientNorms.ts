import { sizeOf } from '../../base/shape.js'
import { defineOp } from '../op.js'

/**
 * The Euclidean norm of each gradient with its weight-decay term, ‖g + λw‖, which is the gradient of
 * loss + Σ λ/2 ‖w‖². gradients and weights: T pairs of equal shapes → norms [T].
 */
export const gradientNorms = defineOp({
  name: 'gradientNorms',
  inputs: { gradients: 'many', weights: 'many' },
  outputs: { norms: 'one' },
  infer: ({ gradients }, _: { readonly weightDecay: readonly number[] }) => ({
    norms: { dtype: 'f32', shape: [gradients.length] },
  }),
  saves: [],
  grad: null,
  cost: ({ gradients }) => ({ multiplyAdds: 0, flops: 4 * gradients.reduce((sum, g) => sum + sizeOf(g.shape), 0) }),
  reference({ gradients, weights }, { norms }, { weightDecay }) {
    for (const [t, { data }] of gradients.entries()) {
      let sum = 0
      for (let i = 0; i < data.length; i++) sum += (data[i]! + weightDecay[t]! * weights[t]!.data[i]!) ** 2
      norms.data[t] = Math.sqrt(sum)
    }
  },
})

/** The factor that shrinks gradients to a global norm of at most `limit`: min(1, limit / √Σ norms²). norms [T] → factor [1]. */
export const clipFactor = defineOp({
  name: 'clipFactor',
  inputs: { norms: 'one' },
  outputs: { factor: 'one', norm: 'one' },
  infer: (_, __: { readonly limit: number }) => ({
    factor: { dtype: 'f32', shape: [1] },
    norm: { dtype: 'f32', shape: [1] },
  }),
  saves: [],
  grad: null,
  cost: ({ norms }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(norms.shape) }),
  reference({ norms }, { factor, norm }, { limit }) {
    let sum = 0
    for (let i = 0; i < norms.data.length; i++) sum += norms.data[i]! ** 2
    norm.data[0] = Math.sqrt(sum)
    factor.data[0] = Math.min(1, limit / Math.sqrt(sum))
  },
})
