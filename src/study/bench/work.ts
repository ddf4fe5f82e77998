import type { Backend, Limit, Precision, Program, Store } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import { RandomStream } from '../../base/random.js'
import type { Graph, Value } from '../../graph/op.js'
import { inputsIn, variablesIn } from '../../graph/ops/source.js'
import type { Passes } from '../../graph/passes/pass-names.js'
import { optimiseInference } from '../../graph/passes/passes.js'
import type { Recomputation } from '../../graph/passes/recompute.js'
import { type ModelSpec, modelOptions, networkOf } from '../../networks/model-spec.js'
import { buildModel } from '../../nn/model.js'
import { averageOf, hasAverage } from '../../optim/average.js'
import { expectScopes, within } from '../../training/fine-tuning.js'
import { paperRecipe } from '../../training/recipe.js'
import { Replicas } from '../../training/replicas/replicas.js'
import { buildTrainingStep } from '../../training/step.js'

/** A training step (forward, backward, RMSProp with momentum and running average), or inference on a batch. */
export type Work = 'train' | 'infer'

export interface WorkOptions {
  readonly spec: ModelSpec
  /** Images at a time; in training those of all replicas together. */
  readonly batch: number
  readonly backend: Backend
  readonly precision: Precision
  /** Train with less memory and more time. @default 'auto' */
  readonly recompute?: Recomputation | undefined
  /** Scopes that are not trained. @default none */
  readonly freeze?: readonly string[] | undefined
  /** The processes that train together, each of which does the same. @default this one by itself */
  readonly replicas?: Replicas | undefined
}

/** What the work computes, after these passes. */
function graphOf(work: Work, options: WorkOptions, passes: Passes): { graph: Graph; outputs: Value[] } {
  const { spec, batch, precision, recompute, freeze = [], replicas = new Replicas() } = options
  if (work === 'train') {
    const recipe = { ...paperRecipe, batch, precision }
    const frozen = within(freeze)
    const replica = { index: replicas.rank, of: replicas.size }
    const step = buildTrainingStep(networkOf(spec), recipe, modelOptions(spec), { passes, recompute, frozen, replica })
    expectScopes(freeze, variablesIn(step.graph), false)
    return { graph: step.graph, outputs: [step.loss] }
  }
  if (freeze.length > 0) throw new UserError('--freeze is for training, and this is inference: leave it out', 2)
  const model = buildModel(networkOf(spec), { ...modelOptions(spec), mode: 'eval', batch, precision })
  return { graph: model.graph, outputs: [optimiseInference(model.graph, model.logits, passes)] }
}

/** Compiles the work for a network with its first weights, and fills its inputs with random images. */
export function compileWork(work: Work, options: WorkOptions): { readonly program: Program; readonly store: Store } {
  const { spec, backend, replicas } = options
  const { graph, outputs } = graphOf(work, options, backend.passes)
  const store = backend.createStore()
  const communicator = replicas?.communicator
  const program = backend.compile(graph, { outputs, store, ...(communicator && { communicator }) })
  // As a run has them, also of what is frozen.
  if (work === 'train')
    for (const variable of variablesIn(graph)) if (hasAverage(variable)) store.declare(averageOf(variable), 0)
  const random = new RandomStream(1, 'benchmark')
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = random.uniform(-1, 1)
  if (work === 'train') {
    const labels = program.input('labels')
    for (let i = 0; i < labels.length; i++) labels[i] = i % spec.classes
    program.input('learningRate')[0] = 1e-4
    program.input('averageDecay')[0] = paperRecipe.averageDecay
    if (inputsIn(graph).some(({ name }) => name === 'normDecay')) program.input('normDecay')[0] = paperRecipe.normDecay
  }
  return { program, store }
}

/** What the convolutions and matrix products of the work take at best, if the backend can tell. */
export function limitOfWork(work: Work, options: WorkOptions): Limit | undefined {
  const { graph, outputs } = graphOf(work, { ...options, recompute: 'none' }, new Set())
  return options.backend.limit(graph, outputs)
}
