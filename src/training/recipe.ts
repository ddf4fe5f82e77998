import type { Precision } from '../backends/backend.js'
import type { Augmentation } from '../data/augmentation.js'
import type { ColourDistortion } from '../data/colour.js'
import { learningRateAt } from '../optim/schedule.js'

/** How a network is trained. Defaults are the paper's, or where it is silent those of its authors' code. */
export interface Recipe {
  readonly epochs: number
  /** Images a step, of all replicas together. */
  readonly batch: number
  readonly optimizer: 'rmsprop' | 'momentum'
  /** ρ of RMSProp. */
  readonly decay: number
  /** ε of RMSProp, inside the root. */
  readonly epsilon: number
  readonly momentum: number
  readonly learningRate: number
  /**
   * The batch that the learning rate is meant for. With another batch the rate is in proportion to it, and a warm-up
   * begins at the rate meant (Goyal et al., arXiv:1706.02677 §2). @default the batch, and a warm-up begins at zero
   */
  readonly baseBatch?: number
  readonly learningRateFactor: number
  readonly learningRateEpochs: number
  readonly warmupEpochs: number
  /** Largest global norm of the gradient. */
  readonly clipNorm: number
  /** Decay of the running average of parameters and statistics that evaluation uses. */
  readonly averageDecay: number
  /** Decay of batch norm's running statistics. */
  readonly normDecay: number
  readonly labelSmoothing: number
  readonly weightDecay: number
  /** Share of features that dropout keeps. */
  readonly keep: number
  /** Weight of the auxiliary loss; 0 trains without the head. */
  readonly auxiliary: number
  readonly colour: ColourDistortion
  /** @default TF-Slim's bilinear resizing, and nothing besides its colours */
  readonly augmentation?: Augmentation
  /** Whether large pictures are decoded smaller; see `TrainPreprocessing`. @default false */
  readonly scaledDecoding?: boolean
  /** Whether batch norms take the statistics of the images of all replicas, and not of each one's own. @default false */
  readonly syncBatchNorm?: boolean
  readonly precision: Precision
  /** What gradients are added up in over several replicas. @default 'f32' */
  readonly reducePrecision?: Precision
  readonly seed: number
}

/** What a recipe need not say. */
export type OptionalPart = 'augmentation' | 'scaledDecoding' | 'baseBatch' | 'reducePrecision' | 'syncBatchNorm'

/** What every recipe says, whatever the machine. */
export type PlainRecipe = Omit<Recipe, 'precision' | OptionalPart>

/** The learning rate that a recipe asks for at a fractional epoch. */
export function learningRateOf(recipe: Recipe, epoch: number): number {
  const { learningRate, batch, baseBatch, learningRateFactor: factor, learningRateEpochs: everyEpochs } = recipe
  const { warmupEpochs } = recipe
  const base = { factor, everyEpochs, warmupEpochs }
  return baseBatch === undefined
    ? learningRateAt({ ...base, learningRate }, epoch)
    : learningRateAt({ ...base, learningRate: (learningRate * batch) / baseBatch, warmupFrom: learningRate }, epoch)
}

/**
 * The paper's recipe (arXiv:1602.07261 §4 and the text of AAAI 2017): RMSProp with decay 0.9 and ε 1.0, learning
 * rate 0.045 decayed by 0.94 every two epochs, clipping, running average. Momentum inside RMSProp, label smoothing,
 * weight decay, average and norm decay: Inception-v3's paper and the authors' TensorFlow code.
 */
export const paperRecipe: PlainRecipe = {
  epochs: 100,
  batch: 32,
  optimizer: 'rmsprop',
  decay: 0.9,
  epsilon: 1,
  momentum: 0.9,
  learningRate: 0.045,
  learningRateFactor: 0.94,
  learningRateEpochs: 2,
  warmupEpochs: 0,
  clipNorm: 2,
  averageDecay: 0.9999,
  normDecay: 0.9997,
  labelSmoothing: 0.1,
  weightDecay: 4e-5,
  keep: 0.8,
  auxiliary: 0,
  colour: 'fast',
  seed: 0,
}

/**
 * Fine-tuning by default: what the paper's recipe becomes where the network is trained already and a few hundred images
 * make a few hundred steps. `npm run bench:fine-tune` measures it.
 *
 * - Plain momentum at 0.02: with ε = 1 RMSProp divides by little more than one, so it is momentum with another slot. In
 *   a hundred steps 0.005 did not get as far, and a constant 0.1 first threw away what the weights knew.
 * - The rate falls twenty times by 0.8, so it ends near a hundredth of where it began, in however many epochs.
 * - Running averages that forget within the run: 0.9999 and 0.9997 would still remember its first step at its end.
 *
 * @param epochs passes over the images
 */
export const fineTuningRecipe = (epochs = 20): PlainRecipe => ({
  ...paperRecipe,
  epochs,
  optimizer: 'momentum',
  learningRate: 0.02,
  learningRateFactor: 0.8,
  learningRateEpochs: epochs / 20,
  averageDecay: 0.99,
  normDecay: 0.95,
})
