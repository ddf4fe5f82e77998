import { performance } from 'node:perf_hooks'
import type { Backend, Program } from '../../backends/backend.js'
import { soloCommunicator } from '../../communication/solo.js'
import { mixes } from '../../data/augmentation.js'
import type { ImageSet } from '../../data/class-folder.js'
import { inLoading } from '../../data/quarantine.js'
import { feedImages } from '../../networks/feed.js'
import { modelOptions, networkOf } from '../../networks/model-spec.js'
import { averageOf } from '../../optim/average.js'
import { within } from '../../training/fine-tuning.js'
import { weightsOf } from '../../training/stage.js'
import { buildTrainingStep } from '../../training/step.js'
import { memoryOf } from '../../training/train.js'
import { trainingLoader } from '../../training/training-loader.js'
import { cacheBytes } from '../run/run.js'
import type { RunSettings } from '../run/run-settings.js'
import type { Bucket, MeasuredStep } from './prediction.js'

export interface MeasuringOptions {
  readonly backend: Backend
  readonly images: ImageSet
  /** How many share the recipe's batch; this one's part is measured. */
  readonly replicas: number
  /** Steps that count, after one that does not. */
  readonly steps: number
  readonly signal?: AbortSignal | undefined
}

/** What a run's training does on this machine, from a few of its steps. Nothing is written. */
export interface MeasuredTraining {
  /** By itself, images at hand. */
  readonly step: MeasuredStep
  /** Seconds from step to step with the loader at work on the same cores. */
  readonly secondsWithLoader: number
  /** As planned, for the step and its variables. */
  readonly memoryBytes: number
  /** Batches under way, lists of images, and a run's cache when it is full. */
  readonly imageBytes: number
  readonly variableBytes: number
}

/**
 * Takes a few steps of a run with its own images, and throws their result away. A step that shares its batch with others
 * forms its sums alone, so that its exchange is begun when it would be, and costs nothing.
 */
export async function measureTraining(settings: RunSettings, options: MeasuringOptions): Promise<MeasuredTraining> {
  const { model, recipe, recompute, fineTuning } = settings
  const { backend, images, replicas, steps, signal } = options
  const network = networkOf(model)
  const step = buildTrainingStep(network, recipe, modelOptions(model), {
    passes: backend.passes,
    recompute,
    replica: { index: 0, of: replicas },
    ...(fineTuning && { frozen: within(fineTuning.freeze) }),
  })
  using store = backend.createStore()
  for (const variable of weightsOf(model, recipe))
    for (const declared of [variable, averageOf(variable)]) store.declare(declared, recipe.seed)
  using program = backend.compile(step.graph, {
    outputs: [step.loss, step.norms, step.norm],
    store,
    seed: recipe.seed,
    communicator: { ...soloCommunicator(), size: replicas },
  })
  // Most images of a large set are decoded in every epoch.
  const loading = { cacheBytes: 0, ...(signal && { signal }) }
  const badImages = inLoading(settings.badImages)
  await using loader = await trainingLoader({ ...settings, badImages, images }, { index: 0, of: replicas }, loading)
  program.input('learningRate')[0] = recipe.learningRate
  program.input('averageDecay')[0] = recipe.averageDecay
  if (step.inputs.has('normDecay')) program.input('normDecay')[0] = recipe.normDecay
  let start = 0
  let taken = 0
  for await (const { images: pixels, labels } of loader.steps(0, 1 + steps)) {
    feedImages(pixels, network.preprocessing, program.input('images') as Float32Array)
    program.input('labels').set(labels)
    if (mixes(recipe.augmentation)) {
      program.input('others').set(labels)
      program.input('shares').fill(1)
    }
    program.run()
    if (taken++ === 0) start = performance.now()
    await new Promise(setImmediate)
  }
  const secondsWithLoader = (performance.now() - start) / 1000 / steps
  await loader.close()
  return {
    step: measureStep(program, steps),
    secondsWithLoader,
    memoryBytes: memoryOf(program, store),
    imageBytes: loader.sharedBytes + cacheBytes,
    variableBytes: [...store.variables.keys()].reduce((sum, name) => sum + store.data(name).byteLength, 0),
  }
}

function measureStep(program: Program, steps: number): MeasuredStep {
  const seconds = Array.from({ length: steps }, () => {
    const start = performance.now()
    program.run()
    return (performance.now() - start) / 1000
  })
  const start = performance.now()
  const kernels = program.profile()
  // What ends before the last one begins is of norms over all replicas, not what the update waits for.
  const lastBegin = kernels.findLastIndex(({ op }) => op === 'allReduceBegin')
  const end = kernels.slice(lastBegin + 1).find(({ op }) => op === 'allReduceEnd')
  const buckets = program
    .exchanges()
    .map(({ began, bytes }): Bucket => ({ readyAt: (began - start) / 1000, bytes }))
    .sort((a, b) => a.readyAt - b.readyAt)
  return {
    seconds: seconds.sort((a, b) => a - b),
    neededAt: end === undefined ? seconds[0]! : end.begin / 1000,
    buckets,
  }
}
