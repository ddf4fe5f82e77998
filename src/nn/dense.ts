import { sizeOf } from '../base/shape.js'
import { matrix } from '../graph/op.js'
import { dense2d } from '../graph/ops/dense.js'
import { dropout as dropoutOp } from '../graph/ops/dropout.js'
import { type Initialiser, type Layer, layer } from './scope.js'

export interface DenseOptions {
  /** First weights. @default the network's own */
  readonly initial?: Initialiser
}

/** A fully connected layer with bias, [N,I] → [N,units]. Units are classes: `width` does not touch them. */
export const dense = (units: number, options: DenseOptions = {}): Layer =>
  layer('dense', (x, at) => {
    const [, features] = matrix(x)
    const { initial = at.settings.initial } = options
    const weights = at.parameter('weights', [units, features], initial(features, units), true)
    return dense2d(x, weights, at.parameter('bias', [units], { kind: 'constant', value: 0 }))
  })

/**
 * Dropout with the network's keep probability; nothing in evaluation. Replicas draw what one would draw for all their
 * images.
 */
export const dropout: Layer = layer('dropout', (x, at) => {
  const { keep, seed, mode, replica } = at.settings
  if (mode === 'eval' || keep === 1) return x
  return dropoutOp(x, at.root.step, { keep, seed, first: replica.index * sizeOf(x.shape) })
})
