import { rmsprop as rmspropOp } from '../graph/ops/updates.js'
import type { UpdateRule } from './rule.js'
import { slotsOf } from './slot.js'

export interface RmspropOptions {
  /** ρ, how much of the mean square is kept. @default 0.9 (the paper) */
  readonly decay: number
  /** ε, inside the root. @default 1 (the paper) */
  readonly epsilon: number
  /** μ of the momentum on the scaled gradient. The paper is silent; its authors' code has 0.9. @default 0.9 */
  readonly momentum: number
}

/** RMSProp with TensorFlow's semantics: mean squares begin at 1, ε is inside the root (tensorflow/python/training/rmsprop.py). */
export const rmsprop =
  (options: RmspropOptions): UpdateRule =>
  inputs => {
    const { parameters, weightDecay, ...rest } = inputs
    rmspropOp.emit(
      {
        ...rest,
        weights: parameters,
        meanSquares: slotsOf('meanSquare', parameters, 1),
        momenta: slotsOf('momentum', parameters, 0),
      },
      { ...options, weightDecay },
    )
  }
