import path from 'node:path'
import type { Command } from 'commander'
import type { Backend } from '../../../backends/backend.js'
import { choosePrecision, openBackend } from '../../../backends/open.js'
import { UserError } from '../../../base/error.js'
import { quoted } from '../../../base/shell-word.js'
import { plainAugmentation } from '../../../data/augmentation.js'
import { boxSourceOf, chooseBoxes } from '../../../data/box-source.js'
import { expectFiles } from '../../../data/quarantine.js'
import type { ScanOptions } from '../../../data/sources/found-image.js'
import { networkOf } from '../../../networks/model-spec.js'
import { expectClassifier, findNetwork } from '../../../networks/networks.js'
import { type DataSets, openDataSets, trainInFolder } from '../../../study/run/run.js'
import { parseSettings, type RunSettings } from '../../../study/run/run-settings.js'
import { expectScopes, fineTuningFrom } from '../../../training/fine-tuning.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { fineTuningRecipe, paperRecipe, type Recipe } from '../../../training/recipe.js'
import { localBatch } from '../../../training/replicas/share.js'
import { replicaThreads } from '../../../training/replicas/threads.js'
import { expectNoRun, readSettings } from '../../../training/run-folder.js'
import { terminalSink } from '../../../training/sinks/terminal.js'
import { weightsOf } from '../../../training/stage.js'
import { interruptSignal } from '../../interrupt.js'
import { lookingThrough } from '../../looking-through.js'
import { modelOf, modelSpec } from '../../model-of-flags.js'
import { asReplica, type Together } from '../../replicas.js'
import type { Flags, RecipeFlags } from '../train.js'
import { augmentationOf } from './augmentation.js'
import { dryRun } from './dry-run.js'
import { expectDryRun } from './dry-run-options.js'
import { expectInit } from './fine-tuning.js'
import { replicaRecipeOf } from './replica-options.js'

export const train = (flags: Flags, command: Command): Promise<void> =>
  asReplica(flags.replicaTimeout, async together => {
    const { replicas } = together
    expectDryRun(flags)
    const { settings, folder, data, backend } =
      flags.resume === undefined
        ? await newRun(flags, command, together)
        : await oldRun(flags.resume, flags, command, together)
    if (flags.dryRun) {
      const shared = { replicas: flags.replicas ?? replicas.size, link: flags.link }
      const signal = interruptSignal('stopping')
      const text = await dryRun(settings, { ...shared, backend, data, together: replicas, signal })
      if (replicas.isFirst) console.log(text)
      return
    }
    const start = replicas.size > 1 ? `mpirun -n ${replicas.size} inception` : 'npx inception'
    const last = await trainInFolder(settings, {
      folder,
      resume: flags.resume !== undefined,
      backend,
      data,
      sinks: [terminalSink(process.stderr)],
      signal: interruptSignal(replicas.isFirst ? 'saving after this step' : undefined),
      resumeCommand: `${start} train --resume ${quoted(folder)}`,
      replicas,
      checkSteps: flags.checkReplicas,
    })
    if (last.type === 'interrupted') process.exitCode = 130
    if (last.type === 'died') process.exitCode = 1
  })

/** Everything a run needs, checked, what is cheap to check first; nothing is written yet. */
interface Prepared {
  readonly settings: RunSettings
  readonly folder: string
  readonly data: DataSets
  readonly backend: Backend
}

async function newRun(flags: Flags, command: Command, { replicas, warn }: Together): Promise<Prepared> {
  expectInit(flags)
  using origin = flags.init === undefined ? undefined : openCheckpoint(flags.init, warn, replicas.goOn)
  const spec = origin
    ? modelOf(origin, command, network => modelSpec(network, 1, flags))
    : modelSpec(chosenNetwork(flags), 1, flags)
  expectClassifier(networkOf(spec))
  if (flags.data === undefined) throw new UserError('which images? Give --data, a folder that holds train/ and val/', 2)
  const { size } = flags.replicas === undefined ? replicas : { size: flags.replicas }
  const recipe = recipeOf(flags, command, size)
  localBatch(recipe.batch, size)
  const weights = weightsOf(spec, recipe)
  const { classesFromData: newClasses = false, freeze = [], headOnlyEpochs = 0 } = flags
  if (headOnlyEpochs > recipe.epochs)
    throw new UserError(
      `the run has ${recipe.epochs} epochs: give --head-only-epochs no more than that, or more --epochs`,
      2,
    )
  expectScopes(freeze, weights, newClasses)
  const folder = flags.out ?? path.join('runs', `${spec.network}${origin ? '-fine-tuned' : ''}`)
  if (replicas.isFirst && !flags.dryRun) expectNoRun(folder)
  // Whole, so that a run resumed from elsewhere names its files alike.
  const images = path.resolve(flags.data)
  const { labels } = flags
  const open = (options: ScanOptions) => openDataSets(images, { ...options, labels }, replicas.onThisHost)
  const data = await lookingThrough(open, replicas.goOn)
  if (flags.badImages === 'quarantine') for (const set of [data.train, data.val]) expectFiles(set)
  const threads = replicaThreads(replicas, flags.threads, warn)
  const backend = openBackend(flags.backend, warn, { ...flags, threads, notify: warn })
  const precision = choosePrecision(backend, flags.precision)
  if (flags.precision === 'auto' && precision === 'f32')
    warn("computing in f32: bf16 would not be faster here ('--precision bf16' asks for it all the same)")
  const { style } = recipe.augmentation ?? plainAugmentation
  const asked = flags.boxes === undefined ? undefined : await boxSourceOf(flags.boxes)
  const boxes = chooseBoxes(asked, data.train, { style, tell: warn })
  const settings: RunSettings = {
    model: { ...spec, classes: data.train.classes.length },
    recipe: { ...recipe, precision },
    data: images,
    ...(flags.labels !== 'auto' && { labels: flags.labels }),
    ...(boxes && { boxes }),
    badImages: flags.badImages,
    backend: flags.backend,
    evaluateEpochs: flags.evaluateEpochs,
    watchSteps: flags.watchSteps,
    ...(flags.steps !== undefined && { steps: flags.steps }),
    recompute: flags.recompute,
    passes: [...flags.passes],
    ...(origin && { fineTuning: fineTuningFrom(origin, { newClasses, freeze, headOnlyEpochs }) }),
  }
  return { settings, folder, data, backend }
}

function chosenNetwork({ network }: Flags): string {
  if (network === undefined)
    throw new UserError("which network? Give --network (see 'inception networks'), --init or --resume", 2)
  return findNetwork(network).id
}

/** What the options say; where they are silent the paper's recipe, or fine-tuning's. */
function recipeOf(flags: Flags, command: Command, replicas: number): Omit<Recipe, 'precision'> {
  const given = (key: string) => command.getOptionValueSource(key) === 'cli'
  const silent = flags.init === undefined ? paperRecipe : fineTuningRecipe(given('epochs') ? flags.epochs : undefined)
  const recipe = Object.fromEntries(
    Object.entries(silent).map(([key, value]) => [key, given(key) ? flags[key as keyof RecipeFlags] : value]),
  ) as unknown as RecipeFlags
  return {
    ...recipe,
    ...(flags.baseBatch !== undefined && { baseBatch: flags.baseBatch }),
    ...replicaRecipeOf(flags, { replicas, givesBatch: given('batch') }),
    ...augmentationOf(flags, given('colour') ? flags.colour : undefined),
    ...(flags.scaledDecoding && { scaledDecoding: true }),
  }
}

async function oldRun(
  folder: string,
  { threads: asked, badImages }: Flags,
  command: Command,
  { replicas, warn }: Together,
): Promise<Prepared> {
  const allowed = ['resume', 'threads', 'badImages', 'checkReplicas', 'replicaTimeout']
  const other = command.options.find(
    option =>
      !allowed.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  )
  if (other)
    throw new UserError(`a run goes on with its own settings, in ${folder}/run.json: leave ${other.long} out`, 2)
  const own = parseSettings(readSettings(folder), folder)
  // A run that stopped at a bad image can go on without it: until then it is the one that left out none.
  const settings = command.getOptionValueSource('badImages') === 'cli' ? { ...own, badImages } : own
  networkOf(settings.model)
  const { labels } = settings
  const open = (options: ScanOptions) => openDataSets(settings.data, { ...options, labels }, replicas.onThisHost)
  const data = await lookingThrough(open, replicas.goOn)
  const { classes } = data.train
  if (classes.length !== settings.model.classes)
    throw new UserError(
      `${settings.data} has ${classes.length} classes and the run in ${folder} was made for ${settings.model.classes}: put the images back, or start a new run`,
    )
  if (settings.badImages === 'quarantine') for (const set of [data.train, data.val]) expectFiles(set)
  localBatch(settings.recipe.batch, replicas.size)
  const passes = new Set(settings.passes)
  const threads = replicaThreads(replicas, asked, warn)
  const backend = openBackend(settings.backend, warn, { threads, passes, notify: warn })
  return { settings, folder, data, backend }
}
