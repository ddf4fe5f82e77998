import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Backend } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import type { ImageSet } from '../../data/class-folder.js'
import { ImageCache } from '../../data/image-cache.js'
import { describeQuarantine, inLoading, quarantine, quarantineOf } from '../../data/quarantine.js'
import { digestOfSet } from '../../data/set-digest.js'
import type { ScanOptions } from '../../data/sources/found-image.js'
import { openTrainingData } from '../../data/sources/open.js'
import { Evaluator } from '../../evaluation/evaluator.js'
import type { Json } from '../../formats/json.js'
import { type Checkpoint, expectNetwork, latestCheckpoint, readCheckpoint } from '../../training/checkpoint.js'
import type { Sink, TrainingEvent } from '../../training/events.js'
import type { LockOptions } from '../../training/folder-lock.js'
import { expectSame, factsOf } from '../../training/replicas/agreement.js'
import { whileFirst } from '../../training/replicas/long-wait.js'
import { Replicas } from '../../training/replicas/replicas.js'
import { expectShared } from '../../training/replicas/shared-folder.js'
import { createRun, heldCalls, type RunFolder, resumeRun } from '../../training/run-folder.js'
import { jsonlSink, readEventLog } from '../../training/sinks/jsonl.js'
import { tensorboardSink } from '../../training/sinks/tensorboard.js'
import { train } from '../../training/train.js'
import { writeRunReport } from './run-report.js'
import type { RunSettings } from './run-settings.js'

/** A decoded-image cache for each split, which runs on the same data share. */
export interface DataSets {
  readonly train: ImageSet
  readonly val: ImageSet
  readonly caches: {
    readonly train: ReturnType<typeof ImageCache.reserve>
    readonly val: ReturnType<typeof ImageCache.reserve>
  }
}

/** For decoded images, of training and of validation together. */
export const cacheBytes = 512 * 2 ** 20

/**
 * Opens the images of a run. Errors: as {@link openTrainingData}.
 *
 * @param sharers processes on this machine that do the same, which share the memory for caches
 */
export async function openDataSets(place: string, options: ScanOptions = {}, sharers = 1): Promise<DataSets> {
  const { train, val } = await openTrainingData(place, options)
  const share = train.items.length / (train.items.length + val.items.length)
  return {
    train,
    val,
    caches: {
      train: ImageCache.reserve(train.items.length, Math.floor((cacheBytes / sharers) * share)),
      val: ImageCache.reserve(val.items.length, Math.floor((cacheBytes / sharers) * (1 - share))),
    },
  }
}

export interface RunOptions {
  readonly folder: string
  /**
   * Goes on from the folder's newest whole checkpoint, or from the start if the run ended before it saved one. What is
   * done about bad images may be another than before, and is so from then on.
   */
  readonly resume: boolean
  readonly backend: Backend
  readonly data: DataSets
  readonly sinks: readonly Sink[]
  readonly signal?: AbortSignal | undefined
  readonly resumeCommand: string
  /** Processes that make batches. @default the loader's own choice */
  readonly workers?: number
  /** The processes that train together, each of which calls this. @default this one by itself */
  readonly replicas?: Replicas
  /** Steps between comparisons of the replicas' variables; 0 for none. @default 100 */
  readonly checkSteps?: number
}

/**
 * Trains in a run folder: checkpoints, log and TensorBoard events go there, and every event to `sinks` as well.
 * Returns the last event: `done` or `interrupted`. Of several replicas the first alone makes the folder, writes there and
 * tells the sinks. Errors: as `train`, and UserError when the folder is in use, holds another run, has nothing whole to go
 * on from, or is not seen by all replicas, and where these were not started alike.
 */
export async function trainInFolder(settings: RunSettings, options: RunOptions): Promise<TrainingEvent> {
  const { backend, data, signal, resumeCommand, replicas = new Replicas() } = options
  const badImages = inLoading(settings.badImages)
  const warnings: string[] = []
  // At once, since what it tells of may take a while.
  const warnNow = async (message: string) => {
    for (const sink of options.sinks) await sink.write({ type: 'warning', message })
  }
  const opened = (open: (lock: LockOptions) => Promise<RunFolder>) =>
    whileFirst(replicas, signal => open({ tell: warnNow, signal }), signal)
  using resumed = options.resume
    ? await opened(lock => resumeRun(options.folder, { badImages: settings.badImages }, lock))
    : undefined
  using newest =
    resumed && newestCheckpoint(resumed, settings, { warn: message => warnings.push(message), progress: replicas.goOn })
  const file = await replicas.fromFirst(() => newest?.file ?? null)
  using same = newest || file === null ? undefined : readCheckpoint(file, replicas.goOn)
  const resume = newest ?? same
  expectSameStart(replicas, settings, options, resume)
  let folder = resumed
  const evaluators: Evaluator[] = []
  const sinks: Sink[] = []
  const events = train(
    {
      ...settings,
      badImages,
      backend,
      images: data.train,
      cache: data.caches.train,
      checkpoints: path.join(options.folder, 'checkpoints'),
      calls: heldCalls(() => folder?.expectHeld()),
      resume,
      signal,
      resumeCommand,
      replicas,
      checkSteps: options.checkSteps,
      ...(options.workers !== undefined && { workers: options.workers }),
    },
    store => {
      const evaluator = new Evaluator({
        model: settings.model,
        backend,
        precision: settings.recipe.precision,
        store,
        images: data.val,
        badImages,
        cache: data.caches.val,
        replicas,
      })
      evaluators.push(evaluator)
      return async () => {
        const { top1Error, top5Error, loss, images, seconds, bad } = await evaluator.run({ signal })
        return { result: { set: 'validation', top1Error, top5Error, loss, images, seconds }, bad }
      }
    },
  )
  try {
    // By the first event everything is compiled, so a network too large for the machine leaves no folder behind.
    const start = await events.next()
    await expectShared(replicas, options.folder)
    using created = options.resume ? undefined : await opened(lock => createRun(options.folder, settings, lock))
    folder ??= created
    // The first has it.
    if (folder === undefined) return await lastOf(events, start)
    const { path: place, eventsFile, reportFile } = folder
    sinks.push(jsonlSink(eventsFile, resume ? { resume: { step: resume.step, file: resume.file } } : {}))
    sinks.push(tensorboardSink(place, resume ? { firstStep: resume.step } : {}), ...options.sinks)
    const toldBefore = new Set(readEventLog(eventsFile).flatMap(e => (e.type === 'bad image' ? [e.path] : [])))
    const tell = async (event: TrainingEvent) => {
      folder?.expectHeld()
      for (const sink of sinks) await sink.write(event)
    }
    for (const message of warnings) await tell({ type: 'warning', message })
    let last: TrainingEvent | undefined
    for (let next = start; !next.done; next = await events.next()) {
      last = next.value
      // So that the end of the run is the last line of its log.
      if (settings.badImages === 'quarantine' && last.type === 'done')
        for (const message of setAside(settings, readEventLog(eventsFile))) await tell({ type: 'warning', message })
      // A run that goes on meets its bad images again.
      if (last.type !== 'bad image' || !toldBefore.has(last.path)) await tell(last)
    }
    folder.expectHeld()
    writeRunReport(reportFile, settings, readEventLog(eventsFile))
    return last!
  } finally {
    await events.return()
    for (const evaluator of evaluators) await evaluator[Symbol.asyncDispose]()
    for (const sink of sinks) await sink.close()
  }
}

/**
 * Moves the bad images that the run met out of its data. Only when it is done: epochs and order go by the number of
 * images, so that a run can go on over the same ones only. Returns what is to be told.
 */
function setAside({ data }: RunSettings, log: readonly TrainingEvent[]): string[] {
  const bad = log.flatMap(event => (event.type === 'bad image' ? [event] : []))
  const into = quarantineOf(data)
  try {
    return describeQuarantine(quarantine(data, into, bad), into)
  } catch (error) {
    // What was trained is saved, and a full disk beside the data takes nothing from it.
    if (error instanceof UserError) return [`bad images stay where they are: ${error.message}`]
    throw error
  }
}

/** Follows a run of which another replica tells. */
async function lastOf(
  events: AsyncIterator<TrainingEvent, void>,
  first: IteratorResult<TrainingEvent, void>,
): Promise<TrainingEvent> {
  let last: TrainingEvent | undefined
  for (let next = first; !next.done; next = await events.next()) last = next.value
  return last!
}

/** Errors: UserError on all replicas, naming the first thing that two of them do not have alike. */
function expectSameStart(
  replicas: Replicas,
  settings: RunSettings,
  { backend, data, checkSteps = 100 }: Pick<RunOptions, 'backend' | 'data' | 'checkSteps'>,
  resume: Checkpoint | undefined,
): void {
  if (replicas.size === 1) return
  const { train, val } = data
  expectSame(replicas, {
    ...factsOf(JSON.parse(JSON.stringify(settings)) as Json),
    'the number of steps between comparisons of replicas': checkSteps,
    'the number of classes': train.classes.length,
    'the number of training images': train.items.length,
    'the number of validation images': val.items.length,
    'the list of training images': digestOfSet(train, settings.boxes === 'data'),
    'the list of validation images': digestOfSet(val),
    'the library of kernels': backend.title,
    ...(resume && { 'the checkpoint to go on from': resume.sha256 }),
  })
  if (train.items.length < replicas.size)
    throw new UserError(
      `${train.root} has ${train.items.length} training images for ${replicas.size} replicas: each needs one at least; start fewer`,
    )
}

function newestCheckpoint(
  { checkpoints, eventsFile }: RunFolder,
  { model }: RunSettings,
  { warn, progress }: { readonly warn: (message: string) => void; readonly progress: () => void },
) {
  const log = existsSync(eventsFile) ? readEventLog(eventsFile) : []
  if (readdirSync(checkpoints).length === 0 && !log.some(event => event.type === 'checkpoint')) {
    warn('the run ended before its first checkpoint: it begins again')
    rmSync(eventsFile, { force: true })
    return undefined
  }
  const checkpoint = latestCheckpoint(checkpoints, warn, progress)
  expectNetwork(checkpoint, model)
  return checkpoint
}
