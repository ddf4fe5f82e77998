import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
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
import { jsonlSink, readEventLog } from '../training/sinks/jsonl.js'
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
  /** Goes on from the folder's newest whole checkpoint, or from the start if the run ended before it saved one. */
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
 * Returns the last event: `done` or `interrupted`. Errors: as `train`, and UserError when the folder is in use, holds
 * another run, or has nothing whole to go on from.
 */
export async function trainInFolder(settings: RunSettings, options: RunOptions): Promise<TrainingEvent> {
  const { backend, data, signal, resumeCommand } = options
  using resumed = options.resume ? resumeRun(options.folder) : undefined
  const warnings: string[] = []
  using resume = resumed && newestCheckpoint(resumed, settings, message => warnings.push(message))
  const evaluators: Evaluator[] = []
  const sinks: Sink[] = []
  const events = train(
    {
      ...settings,
      backend,
      images: data.train,
      cache: data.caches.train,
      checkpoints: path.join(options.folder, 'checkpoints'),
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
        return { result: { set: 'validation', ...result }, bad }
      }
    },
  )
  try {
    // By the first event everything is compiled, so a network too large for the machine leaves no folder behind.
    const start = await events.next()
    using folder = resumed ?? createRun(options.folder, settings)
    sinks.push(jsonlSink(folder.eventsFile, resume ? { resume: { step: resume.step, file: resume.file } } : {}))
    sinks.push(tensorboardSink(folder.path, resume ? { firstStep: resume.step } : {}), ...options.sinks)
    const toldBefore = new Set(readEventLog(folder.eventsFile).flatMap(e => (e.type === 'warning' ? [e.message] : [])))
    const tell = async (event: TrainingEvent) => {
      for (const sink of sinks) await sink.write(event)
    }
    for (const message of warnings) await tell({ type: 'warning', message })
    let last: TrainingEvent | undefined
    for (let next = start; !next.done; next = await events.next()) {
      last = next.value
      // A run that goes on meets its bad images again.
      if (last.type !== 'warning' || !toldBefore.has(last.message)) await tell(last)
    }
    return last!
  } finally {
    await events.return()
    for (const evaluator of evaluators) await evaluator[Symbol.asyncDispose]()
    for (const sink of sinks) await sink.close()
  }
}

function newestCheckpoint(
  { checkpoints, eventsFile }: RunFolder,
  { model }: RunSettings,
  warn: (text: string) => void,
) {
  const log = existsSync(eventsFile) ? readEventLog(eventsFile) : []
  if (readdirSync(checkpoints).length === 0 && !log.some(event => event.type === 'checkpoint')) {
    warn('the run ended before its first checkpoint: it begins again')
    rmSync(eventsFile, { force: true })
    return undefined
  }
  const checkpoint = latestCheckpoint(checkpoints, warn)
  expectNetwork(checkpoint, model)
  return checkpoint
}

/** What the recipe's words can be. */
const choices: { readonly [K in 'optimizer' | 'colour' | 'precision']: readonly Recipe[K][] } = {
  optimizer: ['rmsprop', 'momentum'],
  colour: ['fast', 'full', 'none'],
  precision: ['f32', 'bf16'],
}

/** Reads a run's settings back from `run.json`. Errors: UserError when they are not complete. */
export function parseSettings(settings: JsonObject, folder: string): RunSettings {
  const where = `${folder}/run.json`
  const { recipe, data, badImages, backend, evaluateEpochs } = settings
  if (!isJsonObject(recipe) || typeof data !== 'string')
    throw new UserError(`${where}: no recipe or data; it was not written by 'inception train'`)
  const wrong =
    Object.entries(paperRecipe).find(([key, value]) => typeof recipe[key] !== typeof value)?.[0] ??
    Object.entries(choices).find(([key, values]) => !values.some(value => value === recipe[key]))?.[0]
  if (wrong)
    throw new UserError(
      `${where}: recipe.${wrong} is missing or not what it can be; it was not written by this version`,
    )
  return {
    model: parseModelSpec(settings.model, where),
    recipe: recipe as unknown as Recipe,
    data,
    badImages: badImages === 'skip' ? 'skip' : 'error',
    backend: backend === 'onednn' || backend === 'reference' ? backend : 'auto',
    evaluateEpochs: typeof evaluateEpochs === 'number' ? evaluateEpochs : 1,
  }
}
