import type { Backend, Program, Store } from '../backends/backend.js'
import { type Variable, variablesIn } from '../graph/ops/source.js'
import type { Recomputation } from '../graph/passes/recompute.js'
import { type ModelSpec, modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import { type Phase, phaseAt } from './phases.js'
import type { Recipe } from './recipe.js'
import type { Replicas } from './replicas/replicas.js'
import { localBatch } from './replicas/share.js'
import { buildTrainingStep, type TrainingStep } from './step.js'
import { Lookout } from './watch.js'

export interface StageOptions {
  readonly model: ModelSpec
  readonly recipe: Recipe
  readonly backend: Backend
  readonly recompute?: Recomputation | undefined
  /** Steps between looks at the network's blocks; 0 for none. */
  readonly watchSteps: number
  /** Which of how many share the batch. */
  readonly replicas: Replicas
}

/** The graph of the step that a phase repeats. */
export const stepOf = (
  phase: Phase,
  { model, recipe, backend, recompute, replicas }: Omit<StageOptions, 'watchSteps'>,
) =>
  buildTrainingStep(networkOf(model), recipe, modelOptions(model), {
    passes: backend.passes,
    recompute,
    frozen: phase.frozen,
    replica: { index: replicas.rank, of: replicas.size },
  })

/**
 * Every parameter and statistic of a network in training. The graph of a step may have fewer: an auxiliary head that is
 * frozen is not in it where all that it stands on is frozen too, as in a phase that trains the head alone.
 */
export function weightsOf(model: ModelSpec, { batch, auxiliary }: Pick<Recipe, 'batch' | 'auxiliary'>): Variable[] {
  const options = { ...modelOptions(model), mode: 'train', batch, auxiliary: auxiliary > 0 } as const
  return variablesIn(buildModel(networkOf(model), options).graph)
}

/** What a phase trains with, compiled over the run's store. */
export class Stage implements Disposable {
  readonly step: TrainingStep
  readonly program: Program
  readonly lookout: Lookout

  constructor(phase: Phase, store: Store, options: StageOptions, step = stepOf(phase, options)) {
    const { model, recipe, backend, watchSteps, replicas } = options
    const { communicator } = replicas
    this.step = step
    this.program = backend.compile(step.graph, {
      outputs: [step.loss, step.norms, step.norm],
      store,
      seed: recipe.seed,
      ...(communicator && { communicator }),
    })
    const { frozen } = phase
    const parameterNames = step.trained.map(({ name }) => name)
    const { precision } = recipe
    const batch = localBatch(recipe.batch, replicas.size)
    const watched = { model, frozen, precision, batch, backend, store, parameterNames, communicator }
    this.lookout = new Lookout(watched, watchSteps)
  }

  [Symbol.dispose](): void {
    this.lookout[Symbol.dispose]()
    this.program[Symbol.dispose]()
  }
}

/** The stages of a run, one after the other; the memory of one is given back before the next is compiled. */
export class Stages implements Disposable {
  readonly #phases: readonly Phase[]
  readonly #compile: (phase: Phase) => Stage
  #phase: Phase | undefined
  #stage: Stage | undefined

  constructor(phases: readonly Phase[], compile: (phase: Phase) => Stage) {
    this.#phases = phases
    this.#compile = compile
  }

  /** Whether the step after `done` steps is of another phase than the last one that was entered. */
  changesAt(done: number): boolean {
    return phaseAt(this.#phases, done) !== this.#phase
  }

  /** The stage of the step after `done` steps. */
  at(done: number): Stage {
    const phase = phaseAt(this.#phases, done)
    if (this.#stage === undefined || phase !== this.#phase) {
      this[Symbol.dispose]()
      this.#stage = this.#compile(phase)
      this.#phase = phase
    }
    return this.#stage
  }

  [Symbol.dispose](): void {
    this.#stage?.[Symbol.dispose]()
    this.#stage = undefined
  }
}
