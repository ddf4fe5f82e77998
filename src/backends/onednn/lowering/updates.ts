import { sizeOf } from '../../../base/shape.js'
import type { Ops } from '../../../graph/ops.js'
import { slot } from '../../simd/task.js'
import type { Lowering, Operand, View } from '../kernels.js'

/** Scalars of a step, in this order: learning rate, gradient scale, decay of the running average. */
const [learningRate, gradientScale, averageDecay] = [slot(0), slot(1), slot(2)]

export const rmsprop: Lowering<Ops['rmsprop']> = {
  rowMajor: ['weights', 'gradients', 'meanSquares', 'momenta', 'averages'],
  team: ['weights', 'gradients', 'meanSquares', 'momenta', 'averages'],
  lower({ x, attrs }, k) {
    k.launches.push({
      kind: 'team',
      tasks: offset =>
        x.weights.map((weights, t) => ({
          kernel: 'rmsprop',
          w: offset(weights),
          g: offset(x.gradients[t]!),
          ms: offset(x.meanSquares[t]!),
          mom: offset(x.momenta[t]!),
          average: averageOf(x.averages[t], offset),
          n: sizeOf(weights.shape),
          lr: learningRate,
          decay: attrs.decay,
          eps: attrs.epsilon,
          momentum: attrs.momentum,
          weightDecay: attrs.weightDecay[t]!,
          gradScale: gradientScale,
        })),
      bind: view => ({ scalars: readingScalars([x.learningRate, x.gradientScale, x.averageDecay], view) }),
    })
  },
}

export const momentumDescent: Lowering<Ops['momentumDescent']> = {
  rowMajor: ['weights', 'gradients', 'momenta', 'averages'],
  team: ['weights', 'gradients', 'momenta', 'averages'],
  lower({ x, attrs }, k) {
    k.launches.push({
      kind: 'team',
      tasks: offset =>
        x.weights.map((weights, t) => ({
          kernel: 'momentum',
          w: offset(weights),
          g: offset(x.gradients[t]!),
          mom: offset(x.momenta[t]!),
          average: averageOf(x.averages[t], offset),
          n: sizeOf(weights.shape),
          lr: learningRate,
          momentum: attrs.momentum,
          weightDecay: attrs.weightDecay[t]!,
          gradScale: gradientScale,
        })),
      bind: view => ({ scalars: readingScalars([x.learningRate, x.gradientScale, x.averageDecay], view) }),
    })
  },
}

export const movingAverage: Lowering<Ops['movingAverage']> = {
  rowMajor: ['averages', 'src'],
  team: ['averages', 'src'],
  lower({ x }, k) {
    k.launches.push({
      kind: 'team',
      tasks: offset =>
        x.averages.map((average, t) => ({
          kernel: 'movingAverage',
          avg: offset(average),
          src: offset(x.src[t]!),
          n: sizeOf(average.shape),
          decay: slot(0),
        })),
      bind: view => ({ scalars: readingScalars([x.decay], view) }),
    })
  },
}

export const gradientNorms: Lowering<Ops['gradientNorms']> = {
  rowMajor: ['gradients', 'weights'],
  team: ['gradients', 'weights'],
  lower({ x, y, attrs }, k) {
    k.launches.push({
      kind: 'team',
      tasks: offset =>
        x.gradients.map((gradient, t) => ({
          kernel: 'squaredNorm',
          g: offset(gradient),
          w: offset(x.weights[t]!),
          n: sizeOf(gradient.shape),
          weightDecay: attrs.weightDecay[t]!,
        })),
      bind(view) {
        const norms = view(y.norms)
        return {
          scalars() {},
          done(sums) {
            for (let t = 0; t < norms.length; t++) norms[t] = Math.sqrt(sums[t]!)
          },
        }
      },
    })
  },
}

const averageOf = (average: Operand | undefined, offset: (operand: Operand) => number) =>
  average && { avg: offset(average), decay: averageDecay }

function readingScalars(operands: readonly Operand[], view: (operand: Operand) => View) {
  const views = operands.map(view)
  return (into: Float64Array) => {
    for (const [i, scalar] of views.entries()) into[i] = scalar[0]!
  }
}
