import { dense2d } from '../graph/ops/dense.js'
import { dropout as dropoutOp } from '../graph/ops/dropout.js'
import { matrix } from '../graph/op.js'
import { type Layer, layer } from './scope.js'

/** A fully connected layer with bias, [N,I] → [N,units]. Units are classes: `width` does not touch them. */
export const dense = (units: number): Layer =>
  layer('dense', (x, at) => {
    const [, features] = matrix(x)
    const weights = at.parameter('weights', [units, features], at.settings.initial(features, units), true)
    return dense2d(x, weights, at.parameter('bias', [units], { kind: 'constant', value: 0 }))
  })

/** Dropout with the network's keep probability; nothing in evaluation. */
export const dropout: Layer = layer('dropout', (x, at) => {
  const { keep, seed, mode } = at.settings
  return mode === 'eval' || keep === 1 ? x : dropoutOp(x, at.root.step, { keep, seed })
})
