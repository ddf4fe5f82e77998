import { Command } from 'commander'
import type { BackendName } from '../../backends/backend.js'
import type { BadImagePolicy } from '../../data/quarantine.js'
import type { LabelNumbering } from '../../data/sources/class-names.js'
import type { Passes } from '../../graph/passes/pass-names.js'
import type { Recomputation } from '../../graph/passes/recompute.js'
import { paperRecipe, type Recipe } from '../../training/recipe.js'
import { oneOf, positiveNumber, realNumber, wholeNumber } from '../arguments.js'
import {
  backendOption,
  dataPolicyOption,
  labelsOption,
  passesOption,
  precisionOption,
  recomputeOption,
  threadsOption,
} from '../engine-options.js'
import { addModelOptions, type ModelFlags } from '../model-options.js'
import { type AugmentationFlags, addAugmentationOptions, addMixingOptions } from './train/augmentation.js'
import { addDryRunOptions, type DryRunFlags } from './train/dry-run-options.js'
import { addFineTuningOptions, type FineTuningFlags } from './train/fine-tuning.js'
import { addReplicaOptions, type ReplicaFlags } from './train/replica-options.js'

export type RecipeFlags = Omit<Recipe, 'precision' | 'augmentation' | 'reducePrecision' | 'syncBatchNorm'>

export interface Flags extends ModelFlags, RecipeFlags, AugmentationFlags, FineTuningFlags, ReplicaFlags, DryRunFlags {
  network?: string
  data?: string
  out?: string
  resume?: string
  labels: LabelNumbering
  badImages: BadImagePolicy
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  passes: Passes
  recompute: Recomputation
  evaluateEpochs: number
  watchSteps: number
  steps?: number
}

export function trainCommand(): Command {
  const command = new Command('train')
    .description("train one network on a folder of images, by default with the paper's recipe")
    .option('--network <id>', 'see: inception networks')
    .option('--data <path>', 'holds train/<class>/*.jpg and val/<class>/*.jpg, or archives: see docs/imagenet.md')
    .option('--out <folder>', 'the run folder to make (default: runs/<network>, or runs/<network>-fine-tuned)')
    .option('--resume <run>', 'go on with the run in this folder')
  const ofRecipe = [addFineTuningOptions, addModelOptions, recipeOptions, addAugmentationOptions, addMixingOptions]
  for (const add of [...ofRecipe, addReplicaOptions, addDryRunOptions]) add(command)
  return command
    .addOption(labelsOption())
    .addOption(dataPolicyOption())
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(recomputeOption())
    .addOption(passesOption())
    .option('--steps <n>', 'end after so many steps instead of after the epochs', wholeNumber(1))
    .option('--evaluate-epochs <n>', 'epochs between evaluations', wholeNumber(1), 1)
    .option(
      '--watch-steps <n>',
      'steps between looks at every block: zeros, magnitudes, gradients; 0 for none',
      wholeNumber(0),
      50,
    )
    .action(async (flags: Flags, command: Command) => (await import('./train/action.js')).train(flags, command))
}

/** A flag for every number of the recipe; defaults are the paper's. */
function recipeOptions(command: Command): Command {
  const r = paperRecipe
  return command
    .option('--epochs <n>', 'passes over the training images', positiveNumber(1e6), r.epochs)
    .option('--batch <n>', 'images a step, of all replicas together', wholeNumber(1), r.batch)
    .option('--optimizer <rule>', 'rmsprop, momentum', oneOf('optimizer', ['rmsprop', 'momentum']), r.optimizer)
    .option('--decay <rho>', 'of RMSProp', realNumber(0, 1), r.decay)
    .option('--epsilon <value>', 'of RMSProp, inside the root', realNumber(0), r.epsilon)
    .option('--momentum <mu>', 'of either rule', realNumber(0, 1), r.momentum)
    .option('--learning-rate <rate>', 'at the start', positiveNumber(), r.learningRate)
    .option(
      '--base-batch <n>',
      'the batch that the rate is for: with another it is in proportion, and a warm-up begins at it',
      wholeNumber(1),
    )
    .option('--learning-rate-factor <factor>', 'what it is multiplied by …', positiveNumber(1), r.learningRateFactor)
    .option('--learning-rate-epochs <n>', '… every so many epochs', positiveNumber(), r.learningRateEpochs)
    .option('--warmup-epochs <n>', 'epochs of linear warm-up', realNumber(0), r.warmupEpochs)
    .option('--clip-norm <norm>', 'largest global norm of the gradient', positiveNumber(), r.clipNorm)
    .option('--average-decay <d>', 'of the running average used in evaluation', realNumber(0, 1), r.averageDecay)
    .option('--norm-decay <d>', "of batch norm's running statistics", realNumber(0, 1), r.normDecay)
    .option('--label-smoothing <share>', 'spread evenly over the classes', realNumber(0, 1), r.labelSmoothing)
    .option('--weight-decay <lambda>', 'of weights, as a loss term', realNumber(0), r.weightDecay)
    .option('--keep <share>', 'of features that dropout keeps', positiveNumber(1), r.keep)
    .option('--auxiliary <weight>', 'of the auxiliary loss; 0 for none', realNumber(0), r.auxiliary)
    .option(
      '--colour <mode>',
      "Slim's distortion: fast, full, none",
      oneOf('colour mode', ['fast', 'full', 'none']),
      r.colour,
    )
    .option('--scaled-decoding', 'decode pictures of four times the size or more smaller: faster, other pixels')
    .option('--seed <n>', 'decides weights, order, augmentation, dropout', wholeNumber(0), r.seed)
}
