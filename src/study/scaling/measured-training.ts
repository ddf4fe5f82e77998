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
import { feedScalars } from '../../training/scalars.js'
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
  /** Hears of everything that is measured and run. */
  readonly worked?: (() => void) | undefined
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
  const { backend, images, replicas, steps, signal, worked = () => {} } = options
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
    communicator: { ...soloCommunicator(), size: replicas, worked },
  })
  // Most images of a large set are decoded in every epoch.
  const loading = { cacheBytes: 0, ...(signal && { signal }) }
  const badImages = inLoading(settings.badImages)
  await using loader = await trainingLoader({ ...settings, badImages, images }, { index: 0, of: replicas }, loading)
  feedScalars(program, step, { done: 0, learningRate: recipe.learningRate, recipe })
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
  program.run()
  const exchanges = program.exchanges()
  const lastBegan = Math.max(...exchanges.map(({ began }) => began))
  // What was wanted before the last one began is of norms over all replicas, not what the update waits for.
  const wanted = exchanges.flatMap(exchange => (exchange.wanted >= lastBegan ? [(exchange.wanted - start) / 1000] : []))
  const buckets = exchanges
    .map(({ began, bytes }): Bucket => ({ readyAt: (began - start) / 1000, bytes }))
    .sort((a, b) => a.readyAt - b.readyAt)
  seconds.sort((a, b) => a - b)
  return { seconds, neededAt: wanted.length === 0 ? seconds[0]! : Math.min(...wanted), buckets }
}
