import { UserError } from '../base/error.js'
import { mixes } from '../data/augmentation.js'
import { gradients } from '../graph/gradients.js'
import type { Graph, Value } from '../graph/op.js'
import { clipFactor, gradientNorms } from '../graph/ops/gradientNorms.js'
import { mixedCrossEntropy } from '../graph/ops/mixedCrossEntropy.js'
import type { Replica } from '../graph/ops/replicaRow.js'
import { softmaxCrossEntropy } from '../graph/ops/softmaxCrossEntropy.js'
import { input, inputsIn, type Variable, variableOf } from '../graph/ops/source.js'
import { movingAverage } from '../graph/ops/updates.js'
import { allPasses, type Passes } from '../graph/passes/pass-names.js'
import { optimise, optimiseForward } from '../graph/passes/passes.js'
import { type Recomputation, recompute } from '../graph/passes/recompute.js'
import { reduceTogether } from '../graph/reduceTogether.js'
import { expectClassifier } from '../networks/networks.js'
import { buildModel, type Model, type ModelOptions } from '../nn/model.js'
import type { Network } from '../nn/network.js'
import type { Frozen } from '../nn/scope.js'
import { averagesOf } from '../optim/average.js'
import { momentum } from '../optim/momentum.js'
import { rmsprop } from '../optim/rmsprop.js'
import type { UpdateRule } from '../optim/rule.js'
import type { Recipe } from './recipe.js'
import { localBatch } from './replicas/share.js'

/** One training step as a graph: forward, backward, clipping, update, running averages. */
export interface TrainingStep {
  readonly model: Omit<Model, 'residuals' | 'pooled' | 'features'>
  readonly graph: Graph
  /** Cross-entropy of the main head over the images of all replicas, [1]. */
  readonly loss: Value
  /** Norm of each trained parameter's gradient with its decay term, in the order of `trained`. */
  readonly norms: Value
  /** Global norm before clipping, [1]. */
  readonly norm: Value
  /** The parameters that it updates. */
  readonly trained: readonly Variable[]
  /** The names of its inputs. */
  readonly inputs: ReadonlySet<string>
}

export interface StepOptions {
  /** @default all */
  readonly passes?: Passes
  /** What is computed twice instead of being kept for the backward part: less memory, more time. @default 'auto' */
  readonly recompute?: Recomputation | undefined
  /** What is not trained: it gets no gradient, no decay and no slots of the optimiser. @default nothing */
  readonly frozen?: Frozen | undefined
  /**
   * Which of how many share the recipe's batch: gradients, statistics and loss are means over all of them.
   * @default the only one
   */
  readonly replica?: Replica | undefined
}

const rules: { readonly [K in Recipe['optimizer']]: (recipe: Recipe) => UpdateRule } = {
  rmsprop: ({ decay, epsilon, momentum }) => rmsprop({ decay, epsilon, momentum }),
  momentum: recipe => momentum({ momentum: recipe.momentum }),
}

const alone: Replica = { index: 0, of: 1 }

/**
 * Builds the step of one replica, which has its share of the recipe's batch. Inputs: images (channels-last), labels
 * [batch] s32, learningRate and averageDecay [1], normDecay [1] where a batch norm is trained, step [1] s32 where the
 * network has dropout, and where images are mixed others [batch] s32 and shares [batch].
 */
export function buildTrainingStep(
  network: Network,
  recipe: Recipe,
  options: Omit<ModelOptions, 'mode' | 'batch' | 'precision'>,
  { passes = allPasses, recompute: again = 'auto', frozen = () => false, replica = alone }: StepOptions = {},
): TrainingStep {
  expectClassifier(network)
  if (recipe.auxiliary > 0 && !network.auxiliary)
    throw new UserError(`${network.id} has no auxiliary head: train it with an auxiliary loss weight of 0`, 2)
  const batch = localBatch(recipe.batch, replica.of)
  const model = buildModel(network, {
    ...options,
    mode: 'train',
    batch,
    precision: recipe.precision,
    keep: recipe.keep,
    seed: recipe.seed,
    replica,
    syncBatchNorm: recipe.syncBatchNorm,
    auxiliary: recipe.auxiliary > 0,
    frozen,
  })
  const { graph } = model
  const scalar = (name: string) => input(graph, { name, dtype: 'f32', shape: [1], feed: 'plain' })
  const lossOf = classificationLoss(graph, recipe, batch)
  const main = lossOf(model.logits)
  const auxiliary = model.auxiliaryLogits && lossOf(model.auxiliaryLogits)
  const absorbed = optimiseForward(graph, [], passes)
  const forward = graph.nodes.length

  const parameters = model.parameters.map(absorbed).filter(value => !frozen(variableOf(value)!.name))
  if (parameters.length === 0) throw new UserError('everything is frozen: leave something to train', 2)
  const own = absorbed(main)
  // Sums over replicas of what each has its share in are means, without a pass over the gradients.
  const share = 1 / replica.of
  const losses = [{ of: own, weight: share }]
  if (auxiliary) losses.push({ of: absorbed(auxiliary), weight: share * recipe.auxiliary })
  const running = model.statistics.map(statistic => absorbed(statistic.running))
  const { diff, loss, statistics } = overReplicas(
    {
      diff: gradients(losses, parameters),
      loss: own,
      statistics: model.statistics.map(statistic => absorbed(statistic.batch)),
    },
    replica.of,
    recipe,
  )

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
  if (running.length > 0) {
    movingAverage.emit({ averages: running, src: statistics, decay: scalar('normDecay') }, {})
    movingAverage.emit({ averages: averagesOf(running), src: running, decay: averageDecay }, {})
  }

  const thrifty = recompute(graph, forward, again)
  const fused = optimise(graph, [loss, norms, norm].map(thrifty), passes)
  const finished = (value: Value) => fused(thrifty(value))
  return {
    model: renameModel(model, value => finished(absorbed(value))),
    graph,
    loss: finished(loss),
    norms: finished(norms),
    norm: finished(norm),
    trained: parameters.map(value => variableOf(value)!),
    inputs: new Set(inputsIn(graph).map(({ name }) => name)),
  }
}

/** The cross-entropy of a head's logits with the batch's labels, of which mixed images have two. */
function classificationLoss(
  graph: Graph,
  { labelSmoothing, augmentation }: Recipe,
  batch: number,
): (logits: Value) => Value {
  const row = (name: string, dtype: 's32' | 'f32') => input(graph, { name, dtype, shape: [batch], feed: 'plain' })
  const smoothing = { smoothing: labelSmoothing }
  const labels = row('labels', 's32')
  if (!mixes(augmentation)) return logits => softmaxCrossEntropy.emit({ logits, labels }, smoothing).loss
  if (batch < 2) throw new UserError('mixing takes pairs of images: train with a batch of at least 2 a replica', 2)
  const mixed = { labels, others: row('others', 's32'), shares: row('shares', 'f32') }
  return logits => mixedCrossEntropy.emit({ logits, ...mixed }, smoothing).loss
}

/** What replicas have to agree on after a step, so that all of them make the same update. */
interface Shared {
  readonly diff: readonly Value[]
  readonly loss: Value
  readonly statistics: readonly Value[]
}

/** Sums of gradients, of which each replica has its share, and means of losses and statistics: small, and always f32. */
function overReplicas(own: Shared, replicas: number, { reducePrecision: precision = 'f32' }: Recipe): Shared {
  if (replicas === 1) return own
  const small = { replicas, precision: 'f32', factor: 1 / replicas } as const
  const [loss, ...statistics] = reduceTogether([own.loss, ...own.statistics], small)
  return { diff: reduceTogether(own.diff, { replicas, precision }), loss: loss!, statistics }
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
