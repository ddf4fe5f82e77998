import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Backend, Precision } from '../backends/backend.js'
import type { BackendName } from '../backends/open.js'
import { UserError } from '../base/error.js'
import { defaultThreads } from '../base/threads.js'
import { type SynthDescription, writeSynth } from '../data/synth/folder.js'
import { evaluatorOf } from '../evaluation/checkpoint-evaluator.js'
import { averagePredictions, type Predictions, scoresOf } from '../evaluation/scores.js'
import { writeAtomically } from '../formats/atomic-file.js'
import { fileError } from '../formats/file-error.js'
import { networkOf } from '../networks/model-spec.js'
import { summarise } from '../networks/summary.js'
import { latestCheckpoint } from '../training/checkpoint.js'
import type { TrainingEvent } from '../training/events.js'
import { readEventLog } from '../training/sinks/jsonl.js'
import { inLanes, trainInProcess } from './lanes.js'
import { describeMachine } from './machine.js'
import { courseOf } from './measured-run.js'
import type { Contestant, Preset } from './presets.js'
import { describeRecipe } from './recipe-notes.js'
import { type EnsembleResult, ensembleId, type NetworkResult, type PairedErrors, type StudyResult } from './result.js'
import { type DataSets, openDataSets } from './run.js'
import type { RunSettings } from './run-settings.js'

export interface StudyOptions {
  readonly preset: Preset
  /** The study's folder: a run folder for each network, the data, the report. Going on with one is the default. */
  readonly out: string
  /** A class-folder tree to use instead of the preset's synthetic one. */
  readonly data?: string | undefined
  readonly backend: Backend
  readonly backendName: BackendName
  readonly precision: Precision
  readonly command: string
  readonly signal?: AbortSignal | undefined
  /** Hears what happens in the run of each network. */
  readonly tell: (title: string, event: TrainingEvent) => void
  /** Networks trained at a time, each with one thread. @default defaultThreads() */
  readonly lanes?: number
  readonly say: (line: string) => void
  readonly drawing?: (written: number, total: number) => void
}

/** What is left of a study when it ends: everything measured, complete or up to the interruption. */
export interface StudyOutcome {
  readonly result: StudyResult
  readonly interrupted: boolean
}

interface Finished {
  readonly result: NetworkResult
  readonly predictions: Predictions
}

/**
 * Trains the networks of the preset side by side, evaluates each and their ensembles, and gathers the result. Runs that
 * are finished are not repeated, a run that was interrupted goes on.
 */
export async function reproduce(options: StudyOptions): Promise<StudyOutcome> {
  const { preset, out, backend, precision } = options
  const begin = performance.now()
  const log = openStudyLog(options)
  const { data, folder, drawn } = await prepareData(options)
  log.begin()
  const { lanes = defaultThreads() } = options
  const nothingToDo = preset.contestants.every(contestant => isDone(runFolder(out, contestant)))
  const ends = await inLanes(
    lanes,
    preset.contestants.map(contestant => () => runContestant(contestant, options, folder, data)),
  )
  const finished: Finished[] = []
  for (const [i, contestant] of preset.contestants.entries())
    if (ends[i]) finished.push(await evaluateContestant(contestant, options, data))
  const interrupted = finished.length < preset.contestants.length
  const ensembles = preset.ensembles.flatMap(members => ensembleOf(members, finished))
  const seconds = log.add(nothingToDo ? 0 : (performance.now() - begin) / 1000)
  const result: StudyResult = {
    preset: preset.name,
    startedAt: log.startedAt,
    seconds,
    command: options.command,
    ...(interrupted && {
      interrupted: `stopped by the user after ${finished.length} of ${preset.contestants.length} networks`,
    }),
    evaluation: 'single central crop, running averages of the weights',
    dataSet: {
      name: drawn ? 'drawn shapes with textures' : path.basename(folder),
      path: path.relative('', folder),
      classes: data.train.classes.length,
      trainImages: data.train.items.length,
      valImages: data.val.items.length,
      size: preset.contestants[0]!.model.size,
      synthetic: drawn !== undefined,
      badImages: 0,
    },
    machine: describeMachine(`${backend.title}, ${precision}`),
    recipe: describeRecipe(preset),
    networks: finished.map(each => each.result),
    ensembles: ensembles.map(each => each.result),
    paired: pairings(finished, ensembles),
  }
  writeText(path.join(out, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`)
  return { result, interrupted }
}

async function prepareData({
  data,
  out,
  preset,
  say,
  signal,
  drawing,
}: StudyOptions): Promise<{ data: DataSets; folder: string; drawn: SynthDescription | undefined }> {
  if (data !== undefined) return { data: await openDataSets(data), folder: path.resolve(data), drawn: undefined }
  const folder = path.resolve(out, 'data')
  const { description, written } = await writeSynth(folder, preset.synth, {
    ...(signal && { signal }),
    ...(drawing && { onProgress: drawing }),
  })
  if (written)
    say(
      `drew ${preset.synth.train} training and ${preset.synth.val} validation pictures into ${path.relative('', folder)}`,
    )
  return { data: await openDataSets(folder), folder, drawn: description }
}

const runFolder = (out: string, { model }: Contestant) => path.join(out, model.network)

function isDone(folder: string): boolean {
  const events = path.join(folder, 'events.jsonl')
  return existsSync(events) && readEventLog(events).some(event => event.type === 'done')
}

/** Trains to the end, unless that has been done; false when interrupted before it. */
async function runContestant(
  contestant: Contestant,
  options: StudyOptions,
  data: string,
  { train }: DataSets,
): Promise<boolean> {
  const { out, preset, precision, signal, command } = options
  if (signal?.aborted) return false
  const folder = runFolder(out, contestant)
  if (isDone(folder)) return true
  const settings: RunSettings = {
    model: { ...contestant.model, classes: train.classes.length },
    recipe: { ...preset.recipe, precision },
    data,
    badImages: 'error',
    backend: options.backendName,
    evaluateEpochs: 1,
    recompute: 'auto',
    passes: [...options.backend.passes],
  }
  const { title } = networkOf(settings.model)
  const resume = existsSync(path.join(folder, 'run.json'))
  const order = { settings, folder, resume, resumeCommand: command, workers: 1 }
  const last = await trainInProcess(order, { signal, tell: event => options.tell(title, event) })
  return last.type === 'done'
}

async function evaluateContestant(contestant: Contestant, options: StudyOptions, data: DataSets): Promise<Finished> {
  const { out, backend, precision, say } = options
  const run = runFolder(out, contestant)
  const model = { ...contestant.model, classes: data.train.classes.length }
  const network = networkOf(model)
  using checkpoint = latestCheckpoint(path.join(run, 'checkpoints'), say)
  await using evaluator = evaluatorOf(checkpoint, {
    backend,
    precision,
    images: data.val,
    badImages: 'error',
    cache: data.caches.val,
  })
  const { predictions, top1Error, top5Error, images } = await evaluator.run()
  const { epochs, waitShare, ...course } = courseOf(readEventLog(path.join(run, 'events.jsonl')))
  const { parameters, multiplyAdds } = summarise(model)
  const result: NetworkResult = {
    network: network.id,
    title: network.title,
    residual: network.residual,
    pair: contestant.pair,
    parameters,
    multiplyAdds,
    width: model.width,
    epochs,
    final: { top1Error, top5Error, images },
    ...course,
    dataWaitShare: waitShare,
    checkpoint: path.relative(out, checkpoint.file),
  }
  return { result, predictions }
}

interface Ensemble {
  readonly result: EnsembleResult
  readonly predictions: Predictions
}

/** The ensemble, if all its members are there. */
function ensembleOf(members: readonly string[], finished: readonly Finished[]): Ensemble[] {
  const found = members.flatMap(id => finished.filter(({ result }) => result.network === id))
  if (found.length < members.length) return []
  const predictions = averagePredictions(found.map(each => each.predictions))
  const { top1Error, top5Error, images } = scoresOf(predictions)
  return [{ result: { members, top1Error, top5Error, images }, predictions }]
}

/** Image by image: each network against its counterparts, each ensemble against its best member. */
function pairings(finished: readonly Finished[], ensembles: readonly Ensemble[]): PairedErrors[] {
  const pairs: PairedErrors[] = []
  for (const [i, a] of finished.entries())
    for (const b of finished.slice(i + 1))
      if (a.result.pair === b.result.pair || a.result.residual === b.result.residual)
        pairs.push(compare(a.result.network, a.predictions, b.result.network, b.predictions))
  for (const { result, predictions } of ensembles) {
    const members = finished.filter(each => result.members.includes(each.result.network))
    const [best] = members.sort((a, b) => a.result.final!.top1Error - b.result.final!.top1Error)
    pairs.push(compare(ensembleId(result.members), predictions, best!.result.network, best!.predictions))
  }
  return pairs
}

function compare(first: string, a: Predictions, second: string, b: Predictions): PairedErrors {
  const [wrongA, wrongB] = [scoresOf(a).wrong, scoresOf(b).wrong]
  let [images, bothWrong, onlyFirstWrong, onlySecondWrong] = [0, 0, 0, 0]
  for (const [i, label] of a.labels.entries()) {
    if (label < 0 || b.labels[i]! < 0) continue
    images++
    if (wrongA[i] && wrongB[i]) bothWrong++
    else if (wrongA[i]) onlyFirstWrong++
    else if (wrongB[i]) onlySecondWrong++
  }
  return { first, second, images, bothWrong, onlyFirstWrong, onlySecondWrong }
}

/** The study's own note of what it is of, when it began and how long it has taken over all its sittings. */
function openStudyLog({ out, preset, data, precision }: StudyOptions) {
  const file = path.join(out, 'study.json')
  const asked = JSON.stringify({ preset, data: data === undefined ? null : path.resolve(data), precision })
  const state = existsSync(file) ? readStudyLog(file) : { asked, startedAt: new Date().toISOString(), seconds: 0 }
  if (state.asked !== asked)
    throw new UserError(
      `${out} holds a study with another preset, other images or another precision: give another folder (--out), or remove that one`,
    )
  return {
    startedAt: state.startedAt,
    begin: () => writeText(file, `${JSON.stringify(state, undefined, 2)}\n`),
    /** Adds a sitting and returns the time of all. */
    add(seconds: number): number {
      const total = state.seconds + seconds
      writeText(file, `${JSON.stringify({ ...state, seconds: total }, undefined, 2)}\n`)
      return total
    },
  }
}

function readStudyLog(file: string): { asked: string; startedAt: string; seconds: number } {
  try {
    const { asked, startedAt, seconds } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    if (typeof asked === 'string' && typeof startedAt === 'string' && typeof seconds === 'number')
      return { asked, startedAt, seconds }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileError('read', file, error)
  }
  throw new UserError(`${file} is damaged: remove it to go on with the runs beside it`)
}

function writeText(file: string, text: string) {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
  } catch (error) {
    throw fileError('make', path.dirname(file), error)
  }
  writeAtomically(file, out => out.append(new TextEncoder().encode(text)))
}
