import path from 'node:path'
import type { ImageSet } from '../data/class-folder.js'
import { averagePredictions, onlyImages, type Predictions, scoresOf } from '../evaluation/scores.js'
import { networkOf } from '../networks/model-spec.js'
import { summarise } from '../networks/summary.js'
import { type EvaluationOrder, evaluationOf, type StudyCropName, someOf } from './lanes/evaluate-run.js'
import type { ComparisonRun } from './matrix.js'
import type { Preset } from './presets/preset.js'
import {
  type EnsembleMember,
  type EnsembleResult,
  type FinalErrors,
  type NetworkResult,
  type PairedErrors,
  type ProtocolSummary,
  type RunResult,
  subjectId,
} from './result.js'
import { evaluateCommand, trainCommand } from './run/commands.js'
import { courseOf } from './run/measured-run.js'
import { endingOf, eventsOf } from './run/outcome.js'

/** One run with what its evaluations gave, by protocol. */
export interface EvaluatedRun {
  readonly run: ComparisonRun
  readonly predictions: ReadonlyMap<StudyCropName, Predictions>
  readonly descriptions: ReadonlyMap<StudyCropName, string>
  readonly badImages: number
}

/** Reads back the evaluations of a run that have been done. */
export function readEvaluations(run: ComparisonRun, orders: readonly EvaluationOrder[], val: ImageSet): EvaluatedRun {
  const found = orders.flatMap(order => {
    const evaluation = evaluationOf(order, val)
    return evaluation ? [[order.crops, evaluation] as const] : []
  })
  return {
    run,
    predictions: new Map(found.map(([crops, { predictions }]) => [crops, predictions])),
    descriptions: new Map(found.map(([crops, { description }]) => [crops, description])),
    badImages: Math.max(0, ...found.map(([, { badImages }]) => badImages)),
  }
}

/** Errors over the images of `kept`, all when it is absent. */
function errorsOver(predictions: Predictions, kept?: Uint8Array): FinalErrors {
  const seen = kept ? onlyImages(predictions, kept) : predictions
  const { top1Error, top5Error, images } = scoresOf(seen)
  return {
    top1Error,
    top5Error,
    images,
    badImages: (kept ? kept.reduce((sum, each) => sum + each, 0) : predictions.labels.length) - images,
  }
}

/** The networks of a study, each with its runs; `kept` are the images of the single crop. */
export function networkResults(
  evaluated: readonly EvaluatedRun[],
  { preset, out, kept }: { readonly preset: Preset; readonly out: string; readonly kept?: Uint8Array | undefined },
): NetworkResult[] {
  return preset.comparison.contestants.flatMap((contestant): NetworkResult[] => {
    const own = evaluated.filter(each => each.run.contestant === contestant)
    const runs = own.flatMap(each => runResult(each, out, kept) ?? [])
    const model = own[0]?.run.settings.model
    if (!model || runs.length === 0) return []
    const { id, title, residual } = networkOf(model)
    const { parameters, multiplyAdds } = summarise(model)
    const { width } = model
    return [{ network: id, title, residual, role: contestant.role, parameters, multiplyAdds, width, runs }]
  })
}

function runResult(
  { run, predictions }: EvaluatedRun,
  out: string,
  kept: Uint8Array | undefined,
): RunResult | undefined {
  const events = eventsOf(run.folder)
  const ending = endingOf(events)
  // A run that died before its first evaluation has its place too.
  if (!ending && !events.some(event => event.type === 'evaluation')) return undefined
  const { epochs, waitShare, ...course } = courseOf(events)
  const checkpoint = events.findLast(event => event.type === 'checkpoint')?.file
  const crops = [...predictions.keys()]
  return {
    seed: run.seed,
    epochs,
    errors: Object.fromEntries(
      crops.map(name => [name, errorsOver(predictions.get(name)!, name === '1' ? kept : undefined)]),
    ),
    ...course,
    dataWaitShare: waitShare,
    // The study's folder may have been moved since.
    checkpoint:
      checkpoint === undefined
        ? null
        : path.relative(out, path.join(run.folder, 'checkpoints', path.basename(checkpoint))),
    commands: [
      trainCommand(run.settings, run.folder),
      ...crops.map(name => evaluateCommand(run, name, partOf(predictions, name))),
    ],
    ...(ending?.note !== undefined && { note: ending.note }),
  }
}

/** How many images a protocol saw, where they were not all that the single crop saw. */
function partOf(predictions: EvaluatedRun['predictions'], name: StudyCropName): number | undefined {
  const images = predictions.get(name)!.labels.length
  return images === predictions.get('1')?.labels.length ? undefined : images
}

/** How many images each protocol saw, and how it was carried out, as the first run that has it says. */
export const protocolSummaries = (
  evaluated: readonly EvaluatedRun[],
  names: readonly StudyCropName[],
  kept?: Uint8Array,
): ProtocolSummary[] =>
  names.flatMap((id): ProtocolSummary[] => {
    const first = evaluated.find(each => each.predictions.has(id))
    if (!first) return []
    const { images } = errorsOver(first.predictions.get(id)!, id === '1' ? kept : undefined)
    return [{ id, title: titles[id], description: first.descriptions.get(id) ?? '', images }]
  })

const titles: Readonly<Record<StudyCropName, string>> = {
  '1': 'single crop',
  '10': '10 crops',
  '12': '12 crops',
  '144': '144 crops',
  dense: 'dense',
}

interface Ensemble {
  readonly result: EnsembleResult
  readonly predictions: Predictions
}

/** The ensembles of the preset whose members all have been evaluated. */
export function ensemblesOf(preset: Preset, evaluated: readonly EvaluatedRun[]): Ensemble[] {
  return preset.comparison.ensembles.flatMap(({ members, crops }) => {
    const protocol = crops as StudyCropName
    const found = members.flatMap(member => predictionsOf(evaluated, member, protocol) ?? [])
    if (found.length < members.length) return []
    const predictions = averagePredictions(found)
    return [{ result: { members, protocol, errors: errorsOver(predictions) }, predictions }]
  })
}

const predictionsOf = (
  evaluated: readonly EvaluatedRun[],
  { network, seed }: EnsembleMember,
  protocol: StudyCropName,
): Predictions | undefined =>
  evaluated.find(({ run }) => run.settings.model.network === network && run.seed === seed)?.predictions.get(protocol)

/** Image by image: each network against its counterparts, each ensemble against its best member. */
export function pairings(
  evaluated: readonly EvaluatedRun[],
  networks: readonly NetworkResult[],
  ensembles: readonly Ensemble[],
  kept?: Uint8Array,
): PairedErrors[] {
  const pairs: PairedErrors[] = []
  const single = (network: string) =>
    evaluated.flatMap(({ run, predictions }) => {
      const own = run.settings.model.network === network ? predictions.get('1') : undefined
      return own ? [kept ? onlyImages(own, kept) : own] : []
    })
  for (const [i, a] of networks.entries())
    for (const b of networks.slice(i + 1))
      if (a.role === b.role || a.residual === b.residual)
        pairs.push(...compare('1', a.network, single(a.network), b.network, single(b.network)))
  for (const { result, predictions } of ensembles) {
    const { members, protocol } = result
    const alone = members.map(member => ({
      member,
      own: predictionsOf(evaluated, member, protocol as StudyCropName)!,
    }))
    const [best] = alone.sort((a, b) => scoresOf(a.own).top1Error - scoresOf(b.own).top1Error)
    pairs.push(...compare(protocol, subjectId(members), [predictions], subjectId(best!.member), [best!.own]))
  }
  return pairs
}

/** Over the images that every run of both could read; an outcome is the share of runs that were wrong. */
function compare(
  protocol: string,
  first: string,
  a: readonly Predictions[],
  second: string,
  b: readonly Predictions[],
): PairedErrors[] {
  const all = [...a, ...b]
  if (a.length === 0 || b.length === 0) return []
  const wrong = new Map(all.map(each => [each, scoresOf(each).wrong]))
  const share = (runs: readonly Predictions[], image: number) =>
    runs.reduce((sum, each) => sum + wrong.get(each)![image]!, 0) / runs.length
  const seen = [...a[0]!.labels.keys()].filter(image => all.every(({ labels }) => labels[image]! >= 0))
  const differences = seen.map(image => share(a, image) - share(b, image))
  const images = differences.length
  if (images === 0) return []
  const difference = differences.reduce((sum, each) => sum + each, 0) / images
  const variance = differences.reduce((sum, each) => sum + (each - difference) ** 2, 0) / images
  return [{ protocol, first, second, images, difference, deviation: Math.sqrt(variance) }]
}

/** Which of the images an evaluation saw are kept, where some are left out. */
export const keptImages = (
  val: ImageSet,
  most: number | null,
  excluded: ReadonlySet<string>,
): Uint8Array | undefined =>
  excluded.size === 0 ? undefined : Uint8Array.from(someOf(val, most).items, item => (excluded.has(item.path) ? 0 : 1))
