import type { Value } from '../graph/op.js'

/** What an update rule is given: parameters and gradients in step, and the scalars of the step, each [1] f32. */
export interface UpdateInputs {
  readonly parameters: readonly Value[]
  readonly gradients: readonly Value[]
  /** Running averages of the parameters, moved in the same pass; empty for none. */
  readonly averages: readonly Value[]
  readonly learningRate: Value
  readonly gradientScale: Value
  readonly averageDecay: Value
  /** λ of each parameter; 0 for those that do not decay. */
  readonly weightDecay: readonly number[]
}

/** Adds the update of all parameters to the graph. */
export type UpdateRule = (inputs: UpdateInputs) => void
