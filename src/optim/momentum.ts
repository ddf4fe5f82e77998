import { momentumDescent } from '../graph/ops/updates.js'
import type { UpdateRule } from './rule.js'
import { slotsOf } from './slot.js'

/** Gradient descent with momentum, as in the paper's earlier experiments. */
export const momentum =
  (options: { /** @default 0.9 */ readonly momentum: number }): UpdateRule =>
  inputs => {
    const { parameters, weightDecay, ...rest } = inputs
    momentumDescent.emit(
      { ...rest, weights: parameters, momenta: slotsOf('momentum', parameters, 0) },
      { ...options, weightDecay },
    )
  }
