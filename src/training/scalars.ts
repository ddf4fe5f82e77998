import type { Program } from '../backends/backend.js'
import { averageDecayAt } from '../optim/average.js'
import type { Recipe } from './recipe.js'
import type { TrainingStep } from './step.js'

/** Feeds a step's program what is neither images nor labels, for the step after `done` steps. */
export function feedScalars(
  program: Program,
  { inputs }: Pick<TrainingStep, 'inputs'>,
  {
    done,
    learningRate,
    recipe,
  }: {
    readonly done: number
    readonly learningRate: number
    readonly recipe: Pick<Recipe, 'averageDecay' | 'normDecay'>
  },
): void {
  program.input('learningRate')[0] = learningRate
  program.input('averageDecay')[0] = averageDecayAt(recipe.averageDecay, done)
  if (inputs.has('normDecay')) program.input('normDecay')[0] = recipe.normDecay
  if (inputs.has('step')) program.input('step')[0] = done
}
