import { existsSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Backend, BackendName, Precision } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { defaultThreads } from '../base/threads.js'
import { plainAugmentation } from '../data/augmentation.js'
import { type BoxSource, chooseBoxes } from '../data/box-source.js'
import type { ImageSet } from '../data/class-folder.js'
import type { LabelNumbering } from '../data/sources/class-names.js'
import { openTrainingData } from '../data/sources/open.js'
import { writeSynth } from '../data/synth/folder.js'
import type { TrainingEvent } from '../training/events.js'
import { footprintOf } from './footprint.js'
import {
  type EvaluatedRun,
  ensemblesOf,
  keptImages,
  networkResults,
  pairings,
  protocolSummaries,
  readEvaluations,
} from './gather.js'
import { instabilityResult } from './instability-result.js'
import { type EvaluationNews, type EvaluationOrder, evaluationOf, type StudyCropName } from './lanes/evaluate-run.js'
import { inLanes, inProcess } from './lanes/lanes.js'
import { describeMachine } from './machine.js'
import { type ComparisonRun, comparisonRuns, instabilityRuns, type MatrixOptions, type PlannedRun } from './matrix.js'
import { confusionsOf, samplesOf } from './observations.js'
import type { Preset } from './presets/preset.js'
import { describeRecipe } from './recipe-notes.js'
import type { StudyResult } from './result.js'
import { endingOf, eventsOf } from './run/outcome.js'
import { StudyLog, writeText } from './study-log.js'

export interface StudyOptions {
  readonly preset: Preset
  /** The study's folder: a run folder for each network and seed, the data, the report. Going on with one is the default. */
  readonly out: string
  /** Images to use instead of the preset's drawn ones: whatever `openTrainingData` takes. */
  readonly data?: string | undefined
  /** From which number classes count that are numbers. @default 'auto' */
  readonly labels?: LabelNumbering
  /** Whose boxes the crops of training look at. @default those that the images come with, if they do */
  readonly boxes?: BoxSource
  /** Validation images left out of the single crop, by path: ILSVRC's blacklist. */
  readonly excluded?: ReadonlySet<string>
  readonly backend: Backend
  readonly backendName: BackendName
  readonly precision: Precision
  readonly command: string
  readonly signal?: AbortSignal | undefined
  /** Hears what happens in each training run. */
  readonly tell: (title: string, event: TrainingEvent) => void
  /** Networks at a time, each with one thread. @default the preset's, or defaultThreads() */
  readonly lanes?: number
  readonly say: (line: string) => void
  /** Hears of what takes its time: drawing pictures, evaluating a run. */
  readonly progress?: (what: string, done: number, total: number) => void
}

/** What is left of a study when it ends: everything measured, complete or up to the interruption. */
export interface StudyOutcome {
  readonly result: StudyResult
  readonly interrupted: boolean
}

/** A study under way: its options, and what was found out at its start. */
interface Study extends StudyOptions {
  readonly folder: string
  readonly train: ImageSet
  readonly val: ImageSet
  readonly drawn: boolean
  readonly threads: number
  readonly atOnce: number
  readonly matrix: MatrixOptions
}

/**
 * Trains every run of the preset's matrix, measures footprints, evaluates, and gathers the result. Work that is finished
 * is not repeated, a run that was interrupted goes on, and an interruption leaves a result of what there is.
 * Errors: UserError when the folder is of another study, there are no images, or a run fails.
 */
export async function reproduce(options: StudyOptions): Promise<StudyOutcome> {
  const begin = performance.now()
  const log = openLog(options)
  const study = await prepare(options)
  log.begin()
  const comparison = comparisonRuns(study.matrix)
  const trained = await trainAll(study, [...comparison, ...instabilityRuns(study.matrix)])
  const footprint = await footprintOf(study)
  const evaluations = evaluationOrders(study, comparison)
  const evaluatedNow = await evaluateAll(study, evaluations)
  const seconds = log.add(trained + evaluatedNow === 0 ? 0 : (performance.now() - begin) / 1000)
  const interrupted = options.signal?.aborted === true
  const about = { startedAt: log.startedAt, seconds, footprint, interrupted }
  const result = await gather(study, comparison, evaluations, about)
  writeText(path.join(options.out, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`)
  return { result, interrupted }
}

const openLog = ({ out, preset, data, labels, boxes, precision, excluded }: StudyOptions) =>
  new StudyLog(out, {
    preset,
    data: data === undefined ? null : path.resolve(data),
    'numbering of classes': labels === 'auto' ? undefined : labels,
    'source of boxes': boxes,
    precision,
    'excluded images': excluded?.size ?? 0,
  })

async function prepare(options: StudyOptions): Promise<Study> {
  const { preset, out, backend, backendName, precision, labels } = options
  const { folder, drawn } = await prepareData(options)
  const { train, val } = await openTrainingData(folder, {
    signal: options.signal,
    onProgress: options.progress,
    ...(labels && { labels }),
  })
  if (options.excluded) expectAmong(val, options.excluded)
  const threads = backend.threads
  const boxes = chooseBoxes(options.boxes, train, { style: plainAugmentation.style, tell: options.say })
  const matrix: MatrixOptions = {
    preset,
    out,
    data: folder,
    ...(labels && labels !== 'auto' && { labels }),
    ...(boxes && { boxes }),
    classes: train.classes.length,
    backend: backendName,
    precision,
    passes: [...backend.passes],
  }
  const atOnce = options.lanes ?? preset.lanes ?? defaultThreads()
  return { ...options, folder, train, val, drawn, threads, atOnce, matrix }
}

/** A list of other images would leave nothing out, and nobody would see. */
function expectAmong({ root, items }: ImageSet, excluded: ReadonlySet<string>): void {
  const known = new Set(items.map(item => item.path))
  for (const image of excluded)
    if (!known.has(image))
      throw new UserError(
        `${image} is to be left out and is none of the validation images of ${root}: name one of them`,
      )
}

async function prepareData({ data, out, preset, say, signal, progress }: StudyOptions) {
  if (data !== undefined) return { folder: path.resolve(data), drawn: false }
  const { synth } = preset
  if (!synth)
    throw new UserError(
      `the preset ${preset.name} is of your own images: give --data, a folder that holds train/<class> and val/<class>, or archives such as ILSVRC-2012's`,
      2,
    )
  const folder = path.resolve(out, 'data')
  const { written } = await writeSynth(folder, synth, {
    ...(signal && { signal }),
    ...(progress && { onProgress: (done, total) => progress('drawing', done, total) }),
  })
  if (written)
    say(`drew ${synth.train} training and ${synth.val} validation pictures into ${path.relative('', folder)}`)
  return { folder, drawn: true }
}

/** Threads of one of several lanes, or all of them for the only one. */
const threadsOfLane = ({ atOnce, threads }: Study) => (atOnce > 1 ? 1 : threads)

/** Trains what has not been trained, and returns how many runs that were. */
async function trainAll(study: Study, runs: readonly PlannedRun[]): Promise<number> {
  const undone = runs.filter(({ folder }) => !endingOf(eventsOf(folder)))
  await inLanes(
    study.atOnce,
    undone.map(run => () => trainOne(study, run)),
  )
  return undone.length
}

async function trainOne(study: Study, { title, folder, settings }: PlannedRun): Promise<void> {
  const { signal, command, tell, atOnce } = study
  if (signal?.aborted) return
  const resume = existsSync(path.join(folder, 'run.json'))
  const order = {
    kind: 'train',
    settings,
    folder,
    resume,
    resumeCommand: command,
    workers: atOnce > 1 ? 1 : 2,
  } as const
  const news = (event: unknown) => tell(title, event as TrainingEvent)
  try {
    await inProcess(order, { signal, threads: threadsOfLane(study), news, what: `training ${title}` })
  } catch (error) {
    // That the numbers ran away is a result.
    if (endingOf(eventsOf(folder))?.outcome !== 'diverged') throw error
  }
}

/** Every protocol for every run that has something to evaluate. */
function evaluationOrders(study: Study, runs: readonly ComparisonRun[]): Map<ComparisonRun, EvaluationOrder[]> {
  const { preset, folder, backendName, precision, matrix } = study
  const plans = [{ name: '1' as const, images: undefined }, ...preset.comparison.crops]
  const done = runs.filter(
    run => endingOf(eventsOf(run.folder)) && eventsOf(run.folder).some(e => e.type === 'checkpoint'),
  )
  return new Map(
    done.map(run => [
      run,
      plans.map(({ name, images }): EvaluationOrder => {
        const { passes, labels } = matrix
        const common = { data: folder, ...(labels && { labels }), backend: backendName, passes, precision }
        return { kind: 'evaluate', run: run.folder, crops: name, images: images ?? null, ...common }
      }),
    ]),
  )
}

/** Evaluates what has not been evaluated, and returns how many evaluations that were. */
async function evaluateAll(
  study: Study,
  orders: ReadonlyMap<ComparisonRun, readonly EvaluationOrder[]>,
): Promise<number> {
  const { signal, progress, val } = study
  const jobs = [...orders].flatMap(([{ title }, each]) =>
    each.flatMap(order => (evaluationOf(order, val) ? [] : [{ title, order }])),
  )
  await inLanes(
    study.atOnce,
    jobs.map(({ title, order }) => async () => {
      if (signal?.aborted) return
      const what = `evaluating ${title}, ${order.crops === '1' ? 'single crop' : `${order.crops} crops`}`
      const news = (each: unknown) => {
        const { done, total } = each as EvaluationNews
        progress?.(what, done, total)
      }
      try {
        await inProcess(order, { signal, threads: threadsOfLane(study), news, what })
      } catch (error) {
        if (!signal?.aborted) throw error
      }
    }),
  )
  return jobs.length
}

async function gather(
  study: Study,
  runs: readonly ComparisonRun[],
  orders: ReadonlyMap<ComparisonRun, readonly EvaluationOrder[]>,
  about: Pick<StudyResult, 'startedAt' | 'seconds'> & {
    readonly footprint: StudyResult['footprint']
    readonly interrupted: boolean
  },
): Promise<StudyResult> {
  const { preset, out, val, train, backend, precision, command } = study
  const evaluated: EvaluatedRun[] = runs.map(run => readEvaluations(run, orders.get(run) ?? [], val))
  const kept = keptImages(val, null, study.excluded ?? new Set())
  const networks = networkResults(evaluated, { preset, out, kept })
  const ensembles = ensemblesOf(preset, evaluated)
  const names: StudyCropName[] = ['1', ...preset.comparison.crops.map(({ name }) => name)]
  const instability = instabilityResult(study.matrix)
  const finished = runs.filter(({ folder }) => endingOf(eventsOf(folder))).length
  const { startedAt, seconds, footprint, interrupted } = about
  return {
    preset: preset.name,
    startedAt,
    seconds,
    command,
    ...(interrupted && { interrupted: `stopped by the user after ${finished} of ${runs.length} training runs` }),
    dataSet: {
      name: study.drawn ? 'drawn shapes with textures' : path.basename(study.folder),
      path: path.relative('', study.folder),
      classes: train.classes.length,
      trainImages: train.items.length,
      valImages: val.items.length,
      size: Math.max(...preset.comparison.contestants.map(({ model }) => model.size)),
      synthetic: study.drawn,
      imagenet: isImageNet(val),
      badImages: Math.max(
        0,
        ...evaluated.map(each => each.badImages),
        ...networks.flatMap(({ runs }) => runs.map(run => run.badImages ?? 0)),
      ),
    },
    machine: describeMachine(`${backend.title}, ${precision}`),
    recipe: describeRecipe(preset),
    networks,
    protocols: protocolSummaries(evaluated, names, kept),
    ensembles: ensembles.map(each => each.result),
    paired: pairings(evaluated, networks, ensembles, kept),
    ...(instability && { instability }),
    ...(footprint && { footprint }),
    samples: await samplesOf(evaluated, val),
    confusions: confusionsOf(evaluated, val),
  }
}

/** A thousand WordNet ids and fifty thousand images: what the published numbers are of. */
const isImageNet = ({ classes, items }: ImageSet): boolean =>
  classes.length === 1000 && items.length === 50_000 && classes.every(name => /^n\d{8}$/.test(name))
