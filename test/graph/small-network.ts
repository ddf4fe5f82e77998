import type { ModelOptions } from '../../src/nn/model.js'

/** A residual network or another with one or two blocks a stage and an eighth of the channels. */
export const small: Omit<ModelOptions, 'mode'> = {
  batch: 2,
  size: 75,
  width: 0.125,
  classes: 5,
  blocks: { a: 1, b: 1, c: 2 },
  keep: 1,
}
