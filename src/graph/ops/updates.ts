import { sizeOf } from '../../base/shape.js'
import { defineOp, type Tensor, type Type } from '../op.js'

/** One λ a tensor: weight decay enters as a loss term λ/2 ‖w‖², so it passes through the rule like any gradient. */
export interface Decays {
  readonly weightDecay: readonly number[]
}

/**
 * RMSProp with TensorFlow's semantics (python/training/rmsprop.py): ms ← ρ·ms + (1−ρ)·g², mom ← μ·mom + lr·g/√(ms+ε) with ε
 * inside the root, w ← w − mom; with g first scaled by `gradientScale`. Mean squares start at one, which is the slot's initial value. Where
 * averages are given, avg ← d·avg + (1−d)·w in the same pass. All lists run in step; scalars [1].
 */
export const rmsprop = defineOp({
  name: 'rmsprop',
  inputs: {
    weights: 'many',
    gradients: 'many',
    meanSquares: 'many',
    momenta: 'many',
    averages: 'many',
    learningRate: 'one',
    gradientScale: 'one',
    averageDecay: 'one',
  },
  outputs: {},
  infer: (_, __: Decays & { readonly decay: number; readonly epsilon: number; readonly momentum: number }) => ({}),
  saves: [],
  grad: null,
  cost: ({ weights }) => ({ multiplyAdds: 0, flops: 14 * count(weights) }),
  reference(
    { weights, gradients, meanSquares, momenta, averages, learningRate, gradientScale, averageDecay },
    _,
    attrs,
  ) {
    for (const [t, { data: w }] of weights.entries()) {
      const [g, ms, mom] = [gradients[t]!.data, meanSquares[t]!.data, momenta[t]!.data]
      for (let i = 0; i < w.length; i++) {
        const gradient = gradientScale.data[0]! * (g[i]! + attrs.weightDecay[t]! * w[i]!)
        ms[i] = attrs.decay * ms[i]! + (1 - attrs.decay) * gradient * gradient
        mom[i] = attrs.momentum * mom[i]! + (learningRate.data[0]! * gradient) / Math.sqrt(ms[i]! + attrs.epsilon)
        w[i]! -= mom[i]!
      }
    }
    average(averages, weights, averageDecay)
  },
  mutates: ['weights', 'meanSquares', 'momenta', 'averages'],
})

/** Gradient descent with momentum, TensorFlow's form: acc ← μ·acc + g, w ← w − lr·acc. Lists and scalars as `rmsprop`. */
export const momentumDescent = defineOp({
  name: 'momentumDescent',
  inputs: {
    weights: 'many',
    gradients: 'many',
    momenta: 'many',
    averages: 'many',
    learningRate: 'one',
    gradientScale: 'one',
    averageDecay: 'one',
  },
  outputs: {},
  infer: (_, __: Decays & { readonly momentum: number }) => ({}),
  saves: [],
  grad: null,
  cost: ({ weights }) => ({ multiplyAdds: 0, flops: 9 * count(weights) }),
  reference({ weights, gradients, momenta, averages, learningRate, gradientScale, averageDecay }, _, attrs) {
    for (const [t, { data: w }] of weights.entries()) {
      const [g, mom] = [gradients[t]!.data, momenta[t]!.data]
      for (let i = 0; i < w.length; i++) {
        mom[i] = attrs.momentum * mom[i]! + gradientScale.data[0]! * (g[i]! + attrs.weightDecay[t]! * w[i]!)
        w[i]! -= learningRate.data[0]! * mom[i]!
      }
    }
    average(averages, weights, averageDecay)
  },
  mutates: ['weights', 'momenta', 'averages'],
})

/** averages[t] ← decay·averages[t] + (1−decay)·src[t]. decay [1]. Running statistics and their shadows. */
export const movingAverage = defineOp({
  name: 'movingAverage',
  inputs: { averages: 'many', src: 'many', decay: 'one' },
  outputs: {},
  infer: () => ({}),
  saves: [],
  grad: null,
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 3 * count(src) }),
  reference: ({ averages, src, decay }) => average(averages, src, decay),
  mutates: ['averages'],
})

function average(averages: readonly Tensor[], src: readonly Tensor[], decay: Tensor) {
  const d = decay.data[0]!
  for (const [t, { data }] of averages.entries())
    for (let i = 0; i < data.length; i++) data[i] = d * data[i]! + (1 - d) * src[t]!.data[i]!
}

const count = (tensors: readonly Type[]) => tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
