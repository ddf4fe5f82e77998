import type { Backend, Limit, Precision, Program, Store } from '../../backends/backend.js'
import { RandomStream } from '../../base/random.js'
import type { Graph, Value } from '../../graph/op.js'
import { optimiseInference, type Passes } from '../../graph/passes/passes.js'
import type { Recomputation } from '../../graph/passes/recompute.js'
import { type ModelSpec, modelOptions, networkOf } from '../../networks/model-spec.js'
import { buildModel } from '../../nn/model.js'
import { paperRecipe } from '../../training/recipe.js'
import { buildTrainingStep } from '../../training/step.js'

/** A training step (forward, backward, RMSProp with momentum and running average), or inference on a batch. */
export type Work = 'train' | 'infer'

export interface WorkOptions {
  readonly spec: ModelSpec
  readonly batch: number
  readonly backend: Backend
  readonly precision: Precision
  /** Train with less memory and more time. @default 'auto' */
  readonly recompute?: Recomputation | undefined
}

/** What the work computes, after these passes. */
function graphOf(work: Work, options: WorkOptions, passes: Passes): { graph: Graph; outputs: Value[] } {
  const { spec, batch, precision, recompute } = options
  if (work === 'train') {
    const recipe = { ...paperRecipe, batch, precision }
    const step = buildTrainingStep(networkOf(spec), recipe, modelOptions(spec), { passes, recompute })
    return { graph: step.graph, outputs: [step.loss] }
  }
  const model = buildModel(networkOf(spec), { ...modelOptions(spec), mode: 'eval', batch, precision })
  return { graph: model.graph, outputs: [optimiseInference(model.graph, model.logits, passes)] }
}

/** Compiles the work for a network with its first weights, and fills its inputs with random images. */
export function compileWork(work: Work, options: WorkOptions): { readonly program: Program; readonly store: Store } {
  const { spec, backend } = options
  const { graph, outputs } = graphOf(work, options, backend.passes)
  const store = backend.createStore()
  const program = backend.compile(graph, { outputs, store })
  const random = new RandomStream(1, 'benchmark')
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = random.uniform(-1, 1)
  if (work === 'train') {
    const labels = program.input('labels')
    for (let i = 0; i < labels.length; i++) labels[i] = i % spec.classes
    program.input('learningRate')[0] = 1e-4
    program.input('averageDecay')[0] = paperRecipe.averageDecay
    program.input('normDecay')[0] = paperRecipe.normDecay
  }
  return { program, store }
}

/** What the convolutions and matrix products of the work take at best, if the backend can tell. */
export function limitOfWork(work: Work, options: WorkOptions): Limit | undefined {
  const { graph, outputs } = graphOf(work, { ...options, recompute: 'none' }, new Set())
  return options.backend.limit(graph, outputs)
}
