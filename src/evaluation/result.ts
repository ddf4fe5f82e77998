import { UserError } from '../base/error.js'
import type { ImageSet } from '../data/class-folder.js'
import type { BadImageNote } from '../data/loader.js'
import { type ClassScores, classScores } from './class-scores.js'
import { type Confusion, confusionMatrix, confusions } from './confusion.js'
import { type Interval, wilsonInterval } from './intervals.js'
import { type Mistake, mistakesOf } from './mistakes.js'
import { ensembleOf, type Row, rowFrom, type Subject } from './row.js'
import { averagePredictions, onlyImages, type Predictions, scoresOf } from './scores.js'

/** A model that was evaluated. */
export interface Member extends Subject {
  /** The file with its weights. */
  readonly checkpoint: string
  readonly predictions: Predictions
}

/** Errors and intervals at 95 % as fractions of `images`. */
export interface Score {
  readonly top1Error: number
  readonly top5Error: number
  readonly loss: number
  readonly images: number
  readonly top1Interval: Interval
  readonly top5Interval: Interval
}

/** Scores on part of the images; differences are its errors less those on all images, as fractions. */
export interface SubsetScore extends Score {
  readonly top1Difference: number
  readonly top5Difference: number
}

export interface ModelResult extends Score {
  readonly model: string
  readonly subset?: SubsetScore
}

/** Part of the images. */
export interface Subset {
  readonly name: string
  /** One number an image, 0 where it is not in the subset. */
  readonly images: Uint8Array
}

/** What an evaluation tells; plain data but for what JSON writes as well. */
export interface EvaluationResult {
  readonly data: string
  readonly crops: string
  readonly precision: string
  readonly backend: string
  readonly members: readonly (ModelResult & { readonly checkpoint: string })[]
  readonly ensemble?: ModelResult
  readonly subset?: { readonly name: string; readonly images: number }
  readonly rows: readonly Row[]
  /** These three are of the ensemble where there is one, on all images. */
  readonly classes: readonly ClassScores[]
  readonly confusions: readonly Confusion[]
  readonly mistakes: readonly Mistake[]
  readonly badImages: readonly BadImageNote[]
}

export interface ResultOptions {
  readonly images: ImageSet
  readonly subset?: Subset | undefined
  readonly badImages: readonly BadImageNote[]
  readonly precision: string
  readonly backend: string
}

/**
 * The result of one or several models that predicted the same images, and of their mean where there are several.
 * Errors: `UserError` when none of the images, or none of the subset, could be read.
 */
export function resultOf(members: readonly Member[], options: ResultOptions): EvaluationResult {
  const { images, subset, badImages, precision, backend } = options
  const ensemble = ensembleMember(members)
  for (const { predictions } of ensemble ? [ensemble] : members) expectImages(predictions, images.root, subset)
  const rows = [...members, ...(ensemble ? [ensemble] : [])].flatMap(member => rowsOf(member, options))
  const { predictions } = ensemble ?? members[0]!
  return {
    data: images.root,
    crops: ensembleOf(members).crops,
    precision,
    backend,
    members: members.map(member => ({ checkpoint: member.checkpoint, ...modelResult(member, subset) })),
    ...(ensemble && { ensemble: modelResult(ensemble, subset) }),
    ...(subset && { subset: { name: subset.name, images: subset.images.reduce((sum, kept) => sum + kept, 0) } }),
    rows,
    classes: classScores(predictions, images.classes),
    confusions: confusions(confusionMatrix(predictions), images.classes),
    mistakes: mistakesOf(predictions, images),
    badImages,
  }
}

/** The mean of several members as a subject of its own; undefined when there is only one. */
const ensembleMember = (members: readonly Member[]): (Subject & { readonly predictions: Predictions }) | undefined =>
  members.length === 1
    ? undefined
    : { ...ensembleOf(members), predictions: averagePredictions(members.map(member => member.predictions)) }

/** Errors: `UserError` when the predictions hold what is no number, which no score can be made of. */
export function expectNumbers({ probabilities, classes }: Predictions, checkpoint: string, images: ImageSet): void {
  const bad = probabilities.findIndex(Number.isNaN)
  if (bad >= 0)
    throw new UserError(
      `checkpoint ${checkpoint} gives no probabilities for ${images.items[Math.floor(bad / classes)]!.path}: its numbers overflow; use another checkpoint, or --precision f32`,
    )
}

function expectImages(predictions: Predictions, root: string, subset: Subset | undefined): void {
  const none = (part: Predictions) => part.labels.every(label => label < 0)
  if (none(predictions)) throw new UserError(`no image of ${root} could be read: look at what is left out, and why`)
  if (subset && none(onlyImages(predictions, subset.images)))
    throw new UserError(`no image of the subset '${subset.name}' could be read: look at what is left out, and why`)
}

function modelResult(member: Subject & { readonly predictions: Predictions }, subset: Subset | undefined): ModelResult {
  const all = scoreOf(member.predictions)
  return { model: member.model, ...all, ...(subset && { subset: subsetScore(member.predictions, subset, all) }) }
}

function scoreOf(predictions: Predictions): Score {
  const { top1Error, top5Error, loss, images } = scoresOf(predictions)
  const [top1Interval, top5Interval] = [wilsonInterval(top1Error, images), wilsonInterval(top5Error, images)]
  return { top1Error, top5Error, loss, images, top1Interval, top5Interval }
}

function subsetScore(predictions: Predictions, subset: Subset, all: Score): SubsetScore {
  const score = scoreOf(onlyImages(predictions, subset.images))
  return {
    ...score,
    top1Difference: score.top1Error - all.top1Error,
    top5Difference: score.top5Error - all.top5Error,
  }
}

function rowsOf(member: Subject & { readonly predictions: Predictions }, options: ResultOptions): readonly Row[] {
  const { subset, badImages, precision, backend } = options
  const bad = new Set(badImages.map(note => note.path))
  const row = (name: string, kept: Uint8Array | undefined) =>
    rowFrom({
      ...member,
      subset: name,
      scores: scoresOf(kept ? onlyImages(member.predictions, kept) : member.predictions),
      badImages: options.images.items.filter((item, i) => (kept?.[i] ?? 1) !== 0 && bad.has(item.path)).length,
      precision,
      backend,
    })
  return subset ? [row('all', undefined), row(subset.name, subset.images)] : [row('all', undefined)]
}
