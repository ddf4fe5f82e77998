import type { Backend } from '../backends/backend.js'
import type { BackendName } from '../backends/open.js'
import { UserError } from '../base/error.js'
import { type ImageSet, openTrainingData } from '../data/class-folder.js'
import { ImageCache } from '../data/image-cache.js'
import { Evaluator } from '../evaluation/evaluator.js'
import { isJsonObject, type JsonObject } from '../formats/json.js'
import { type ModelSpec, parseModelSpec } from '../networks/model-spec.js'
import { expectNetwork, latestCheckpoint } from '../training/checkpoint.js'
import type { Sink, TrainingEvent } from '../training/events.js'
import { paperRecipe, type Recipe } from '../training/recipe.js'
import { createRun, type RunFolder, resumeRun } from '../training/run-folder.js'
import { jsonlSink } from '../training/sinks/jsonl.js'
import { tensorboardSink } from '../training/sinks/tensorboard.js'
import { train } from '../training/train.js'

/** Everything needed to repeat a run: what `run.json` holds. */
export interface RunSettings {
  readonly model: ModelSpec
  readonly recipe: Recipe
  readonly data: string
  readonly badImages: 'error' | 'skip'
  readonly backend: BackendName
  readonly evaluateEpochs: number
}

/** A decoded-image cache for each split, which runs on the same data share. */
export interface DataSets {
  readonly train: ImageSet
  readonly val: ImageSet
  readonly caches: {
    readonly train: ReturnType<typeof ImageCache.reserve>
    readonly val: ReturnType<typeof ImageCache.reserve>
  }
}

const cacheBytes = 512 * 2 ** 20

export async function openDataSets(folder: string): Promise<DataSets> {
  const { train, val } = await openTrainingData(folder)
  const share = train.items.length / (train.items.length + val.items.length)
  return {
    train,
    val,
    caches: {
      train: ImageCache.reserve(train.items.length, Math.floor(cacheBytes * share)),
      val: ImageCache.reserve(val.items.length, Math.floor(cacheBytes * (1 - share))),
    },
  }
}

export interface RunOptions {
  readonly folder: string
  /** Goes on from the folder's newest whole checkpoint. */
  readonly resume: boolean
  readonly backend: Backend
  readonly data: DataSets
  readonly sinks: readonly Sink[]
  readonly signal?: AbortSignal | undefined
  readonly resumeCommand: string
  /** Threads that make batches. @default the loader's own choice */
  readonly workers?: number
}

/**
 * Trains in a run folder: checkpoints, log and TensorBoard events go there, and every event to `sinks` as well.
 * Returns the last event: `done` or `interrupted`.
 */
export async function trainInFolder(settings: RunSettings, options: RunOptions): Promise<TrainingEvent> {
  const { backend, data, signal, resumeCommand } = options
  using folder = options.resume ? resumeRun(options.folder) : createRun(options.folder, settings)
  const warnings: string[] = []
  using resume = options.resume ? newestCheckpoint(folder, settings, message => warnings.push(message)) : undefined
  const sinks = [
    jsonlSink(folder.eventsFile, resume ? { resume: { step: resume.step, file: resume.file } } : {}),
    tensorboardSink(folder.path, resume ? { firstStep: resume.step } : {}),
    ...options.sinks,
  ]
  const tell = async (event: TrainingEvent) => {
    for (const sink of sinks) await sink.write(event)
  }
  const badImages = new Set<string>()
  const evaluators: Evaluator[] = []
  try {
    for (const message of warnings) await tell({ type: 'warning', message })
    const events = train(
      {
        ...settings,
        backend,
        images: data.train,
        cache: data.caches.train,
        checkpoints: folder.checkpoints,
        resume,
        signal,
        resumeCommand,
        ...(options.workers !== undefined && { workers: options.workers }),
      },
      store => {
        const evaluator = new Evaluator({
          model: settings.model,
          backend,
          precision: settings.recipe.precision,
          store,
          images: data.val,
          badImages: settings.badImages,
          cache: data.caches.val,
        })
        evaluators.push(evaluator)
        return async () => {
          const { predictions: _, bad, ...result } = await evaluator.run()
          for (const { path, reason } of bad) badImages.add(`bad image ${path}: ${reason}`)
          return { set: 'validation', ...result, badImages: bad.length }
        }
      },
    )
    let last: TrainingEvent | undefined
    for await (const event of events) {
      if (event.type === 'done') for (const message of badImages) await tell({ type: 'warning', message })
      await tell(event)
      last = event
    }
    return last!
  } finally {
    for (const evaluator of evaluators) await evaluator[Symbol.asyncDispose]()
    for (const sink of sinks) await sink.close()
  }
}

function newestCheckpoint(folder: RunFolder, { model }: RunSettings, warn: (message: string) => void) {
  const checkpoint = latestCheckpoint(folder.checkpoints, warn)
  expectNetwork(checkpoint, model)
  return checkpoint
}

/** Reads a run's settings back from `run.json`. Errors: UserError when they are not complete. */
export function parseSettings(settings: JsonObject, folder: string): RunSettings {
  const where = `${folder}/run.json`
  const { recipe, data, badImages, backend, evaluateEpochs } = settings
  if (!isJsonObject(recipe) || typeof data !== 'string')
    throw new UserError(`${where}: no recipe or data; it was not written by 'inception train'`)
  const required = [...Object.keys(paperRecipe), 'precision']
  const missing = required.find(key => recipe[key] === undefined)
  if (missing) throw new UserError(`${where}: recipe.${missing} is missing; it was not written by this version`)
  return {
    model: parseModelSpec(settings.model, where),
    recipe: recipe as unknown as Recipe,
    data,
    badImages: badImages === 'skip' ? 'skip' : 'error',
    backend: backend === 'onednn' || backend === 'reference' ? backend : 'auto',
    evaluateEpochs: typeof evaluateEpochs === 'number' ? evaluateEpochs : 1,
  }
}
