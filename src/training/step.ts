import { UserError } from '../base/error.js'
import { gradients } from '../graph/gradients.js'
import type { Graph, Value } from '../graph/op.js'
import { clipFactor, gradientNorms } from '../graph/ops/gradientNorms.js'
import { softmaxCrossEntropy } from '../graph/ops/softmaxCrossEntropy.js'
import { type Input, input, inputOp, variableOf } from '../graph/ops/source.js'
import { movingAverage } from '../graph/ops/updates.js'
import { allPasses, optimise, optimiseForward, type Passes } from '../graph/passes/passes.js'
import { type Recomputation, recompute } from '../graph/passes/recompute.js'
import { expectClassifier } from '../networks/networks.js'
import { buildModel, type Model, type ModelOptions } from '../nn/model.js'
import type { Network } from '../nn/network.js'
import { averagesOf } from '../optim/average.js'
import { momentum } from '../optim/momentum.js'
import { rmsprop } from '../optim/rmsprop.js'
import type { UpdateRule } from '../optim/rule.js'
import type { Recipe } from './recipe.js'

/** One training step as a graph: forward, backward, clipping, update, running averages. */
export interface TrainingStep {
  readonly model: Omit<Model, 'residuals' | 'pooled'>
  readonly graph: Graph
  /** Cross-entropy of the main head, [1]. */
  readonly loss: Value
  /** Norm of each parameter's gradient with its decay term, in the order of `parameterNames`. */
  readonly norms: Value
  /** Global norm before clipping, [1]. */
  readonly norm: Value
  readonly parameterNames: readonly string[]
  /** Whether there is an input `step`: dropout draws its masks from it. */
  readonly usesStepNumber: boolean
}

export interface StepOptions {
  /** @default all */
  readonly passes?: Passes
  /** What is computed twice instead of being kept for the backward part: less memory, more time. @default 'auto' */
  readonly recompute?: Recomputation | undefined
}

const rules: { readonly [K in Recipe['optimizer']]: (recipe: Recipe) => UpdateRule } = {
  rmsprop: ({ decay, epsilon, momentum }) => rmsprop({ decay, epsilon, momentum }),
  momentum: recipe => momentum({ momentum: recipe.momentum }),
}

/**
 * Builds the step. Inputs: images (channels-last), labels [batch] s32, learningRate, averageDecay and normDecay [1],
 * and step [1] s32 where the network has dropout.
 */
export function buildTrainingStep(
  network: Network,
  recipe: Recipe,
  options: Omit<ModelOptions, 'mode' | 'batch' | 'precision'>,
  { passes = allPasses, recompute: again = 'auto' }: StepOptions = {},
): TrainingStep {
  expectClassifier(network)
  if (recipe.auxiliary > 0 && !network.auxiliary)
    throw new UserError(`${network.id} has no auxiliary head: train it with an auxiliary loss weight of 0`, 2)
  const model = buildModel(network, {
    ...options,
    mode: 'train',
    batch: recipe.batch,
    precision: recipe.precision,
    keep: recipe.keep,
    seed: recipe.seed,
    auxiliary: recipe.auxiliary > 0,
  })
  const { graph } = model
  const labels = input(graph, { name: 'labels', dtype: 's32', shape: [recipe.batch], feed: 'plain' })
  const scalar = (name: string) => input(graph, { name, dtype: 'f32', shape: [1], feed: 'plain' })
  const smoothing = { smoothing: recipe.labelSmoothing }
  const main = softmaxCrossEntropy.emit({ logits: model.logits, labels }, smoothing).loss
  const auxiliary =
    model.auxiliaryLogits && softmaxCrossEntropy.emit({ logits: model.auxiliaryLogits, labels }, smoothing).loss
  const absorbed = optimiseForward(graph, [], passes)
  const forward = graph.nodes.length

  const parameters = model.parameters.map(absorbed)
  const loss = absorbed(main)
  const losses = [{ of: loss, weight: 1 }]
  if (auxiliary) losses.push({ of: absorbed(auxiliary), weight: recipe.auxiliary })
  const diff = gradients(losses, parameters)

  const weightDecay = parameters.map(value => (variableOf(value)!.decays ? recipe.weightDecay : 0))
  const { norms } = gradientNorms.emit({ gradients: diff, weights: parameters }, { weightDecay })
  const { factor, norm } = clipFactor.emit({ norms }, { limit: recipe.clipNorm })
  const averageDecay = scalar('averageDecay')
  rules[recipe.optimizer](recipe)({
    parameters,
    gradients: diff,
    averages: averagesOf(parameters),
    learningRate: scalar('learningRate'),
    gradientScale: factor,
    averageDecay,
    weightDecay,
  })
  const running = model.statistics.map(statistic => absorbed(statistic.running))
  const batch = model.statistics.map(statistic => absorbed(statistic.batch))
  movingAverage.emit({ averages: running, src: batch, decay: scalar('normDecay') }, {})
  movingAverage.emit({ averages: averagesOf(running), src: running, decay: averageDecay }, {})

  const thrifty = recompute(graph, forward, again)
  const fused = optimise(graph, [loss, norms, norm].map(thrifty), passes)
  const finished = (value: Value) => fused(thrifty(value))
  const usesStepNumber = graph.nodes.some(
    ({ op, attrs }) => op === (inputOp as unknown) && (attrs as Input).name === 'step',
  )
  return {
    model: renameModel(model, value => finished(absorbed(value))),
    graph,
    loss: finished(loss),
    norms: finished(norms),
    norm: finished(norm),
    parameterNames: parameters.map(value => variableOf(value)!.name),
    usesStepNumber,
  }
}

/** The model's handles after its graph has been rewritten. */
function renameModel(
  { residuals: _, pooled: __, ...model }: Model,
  renamed: (value: Value) => Value,
): TrainingStep['model'] {
  return {
    ...model,
    images: renamed(model.images),
    logits: renamed(model.logits),
    auxiliaryLogits: model.auxiliaryLogits && renamed(model.auxiliaryLogits),
    parameters: model.parameters.map(renamed),
    statistics: model.statistics.map(({ running, batch }) => ({ running: renamed(running), batch: renamed(batch) })),
    endpoints: new Map([...model.endpoints].map(([name, value]) => [name, renamed(value)])),
  }
}
