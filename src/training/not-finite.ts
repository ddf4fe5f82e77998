import type { Program, Store } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { variableOf } from '../graph/ops/source.js'
import type { TrainingStep } from './step.js'

/**
 * Names the step and the layer: the first whose activations left the finite numbers, which its batch statistics show, or
 * else the one nearest the output whose gradient did.
 */
export function notFinite(done: number, loss: number, step: TrainingStep, program: Program, store: Store): UserError {
  const notFiniteIn = (numbers: Float32Array) => numbers.some(n => !Number.isFinite(n))
  const statistics = step.model.statistics.map(({ running }) => variableOf(running)!.name)
  const overflown = statistics.find(name => notFiniteIn(store.data(name)))
  const norms = program.read(step.norms)
  const steepest = step.trained.findLast((_, i) => !Number.isFinite(norms[i]!))?.name
  const gradientNorm = program.read(step.norm)[0]!
  const what = Number.isFinite(loss)
    ? `the loss is ${loss.toPrecision(4)}, but the norm of its gradient is ${gradientNorm}`
    : `the loss is ${loss}`
  const where =
    overflown !== undefined
      ? `the statistics '${overflown}' are the first of the forward pass that are not finite`
      : steepest !== undefined
        ? `the gradient of '${steepest}' is the first of the backward pass that is not finite`
        : 'every layer by itself is finite, their sum is not'
  return new UserError(
    `step ${done}: ${what} (${where}): lower the learning rate; the checkpoints of earlier steps are intact`,
  )
}
