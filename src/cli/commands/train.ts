import path from 'node:path'
import { Command } from 'commander'
import { type BackendName, backendNames, choosePrecision, openBackend } from '../../backends/open.js'
import { UserError } from '../../base/error.js'
import { modelOptions } from '../../networks/model-spec.js'
import { findNetwork } from '../../networks/networks.js'
import { buildModel } from '../../nn/model.js'
import { openDataSets, parseSettings, type RunSettings, trainInFolder } from '../../study/run.js'
import { paperRecipe, type Recipe } from '../../training/recipe.js'
import { readSettings } from '../../training/run-folder.js'
import { terminalSink } from '../../training/sinks/terminal.js'
import { oneOf, realNumber, wholeNumber } from '../arguments.js'
import { interruptSignal } from '../interrupt.js'
import { addModelOptions, type ModelFlags, modelSpec } from '../model-options.js'

type RecipeFlags = Omit<Recipe, 'precision'>

interface Flags extends ModelFlags, RecipeFlags {
  network?: string
  data?: string
  out?: string
  resume?: string
  badImages: 'error' | 'skip'
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  evaluateEpochs: number
}

export const trainCommand = (): Command =>
  recipeOptions(
    addModelOptions(
      new Command('train')
        .description("train one network on a class-folder tree, by default with the paper's recipe")
        .option('--network <id>', 'see: inception networks')
        .option('--data <folder>', 'holds train/<class>/*.jpg and val/<class>/*.jpg')
        .option('--out <folder>', 'the run folder to make (default: runs/<network>)')
        .option('--resume <run>', 'go on with the run in this folder'),
    ),
  )
    .option(
      '--bad-images <what>',
      'error: stop and name it; skip: leave it out and list it',
      oneOf('choice', ['error', 'skip']),
      'error',
    )
    .option('--backend <name>', backendNames.join(', '), oneOf('backend', backendNames), 'auto')
    .option('--precision <type>', 'auto, f32, bf16', oneOf('precision', ['auto', 'f32', 'bf16']), 'auto')
    .option('--evaluate-epochs <n>', 'epochs between evaluations', wholeNumber(1), 1)
    .action(async (flags: Flags) => {
      const warn = (message: string) => process.stderr.write(`inception: ${message}\n`)
      const settings =
        flags.resume === undefined
          ? await newSettings(flags, warn)
          : parseSettings(readSettings(flags.resume), flags.resume)
      const folder = flags.resume ?? flags.out ?? path.join('runs', settings.model.network)
      const data = await openDataSets(settings.data)
      if (data.train.classes.length !== settings.model.classes)
        throw new UserError(
          `${settings.data} has ${data.train.classes.length} classes and the run in ${folder} was made for ${settings.model.classes}`,
        )
      const last = await trainInFolder(settings, {
        folder,
        resume: flags.resume !== undefined,
        backend: openBackend(settings.backend, warn),
        data,
        sinks: [terminalSink(process.stderr)],
        signal: interruptSignal(),
        resumeCommand: `inception train --resume ${folder}`,
      })
      if (last.type === 'interrupted') process.exitCode = 130
    })

async function newSettings(flags: Flags, warn: (message: string) => void): Promise<RunSettings> {
  if (flags.network === undefined)
    throw new UserError("which network? Give --network (see 'inception networks') or --resume", 2)
  if (flags.data === undefined) throw new UserError('which images? Give --data, a folder that holds train/ and val/', 2)
  const network = findNetwork(flags.network)
  const { train } = await openDataSets(flags.data)
  const model = modelSpec(network.id, train.classes.length, flags)
  buildModel(network, { ...modelOptions(model), mode: 'train', batch: flags.batch })
  const recipe = Object.fromEntries(
    Object.keys(paperRecipe).map(key => [key, flags[key as keyof RecipeFlags]]),
  ) as unknown as RecipeFlags
  const precision = choosePrecision(
    openBackend(flags.backend, () => {}),
    flags.precision,
  )
  if (flags.precision === 'auto' && precision === 'f32') warn('computing in f32: this processor has no bf16 arithmetic')
  return {
    model,
    recipe: { ...recipe, precision },
    data: path.resolve(flags.data),
    badImages: flags.badImages,
    backend: flags.backend,
    evaluateEpochs: flags.evaluateEpochs,
  }
}

/** A flag for every number of the recipe; defaults are the paper's. */
function recipeOptions(command: Command): Command {
  const r = paperRecipe
  return command
    .option('--epochs <n>', 'passes over the training images', realNumber(0), r.epochs)
    .option('--batch <n>', 'images a step', wholeNumber(1), r.batch)
    .option('--optimizer <rule>', 'rmsprop, momentum', oneOf('optimizer', ['rmsprop', 'momentum']), r.optimizer)
    .option('--decay <rho>', 'of RMSProp', realNumber(0, 1), r.decay)
    .option('--epsilon <value>', 'of RMSProp, inside the root', realNumber(0), r.epsilon)
    .option('--momentum <mu>', 'of either rule', realNumber(0, 1), r.momentum)
    .option('--learning-rate <rate>', 'at the start', realNumber(0), r.learningRate)
    .option('--learning-rate-factor <factor>', 'what it is multiplied by …', realNumber(0, 1), r.learningRateFactor)
    .option('--learning-rate-epochs <n>', '… every so many epochs', realNumber(0.001), r.learningRateEpochs)
    .option('--warmup-epochs <n>', 'epochs of linear warm-up', realNumber(0), r.warmupEpochs)
    .option('--clip-norm <norm>', 'largest global norm of the gradient', realNumber(0), r.clipNorm)
    .option('--average-decay <d>', 'of the running average used in evaluation', realNumber(0, 1), r.averageDecay)
    .option('--norm-decay <d>', "of batch norm's running statistics", realNumber(0, 1), r.normDecay)
    .option('--label-smoothing <share>', 'spread evenly over the classes', realNumber(0, 1), r.labelSmoothing)
    .option('--weight-decay <lambda>', 'of weights, as a loss term', realNumber(0), r.weightDecay)
    .option('--keep <share>', 'of features that dropout keeps', realNumber(0.01, 1), r.keep)
    .option('--auxiliary <weight>', 'of the auxiliary loss; 0 for none', realNumber(0), r.auxiliary)
    .option('--colour <mode>', 'distortion: fast, full, none', oneOf('colour mode', ['fast', 'full', 'none']), r.colour)
    .option('--seed <n>', 'decides weights, order, augmentation, dropout', wholeNumber(0), r.seed)
}
