import path from 'node:path'
import type { Backend, Precision } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import type { ImageSet } from '../data/class-folder.js'
import type { BadImageNote } from '../data/loader.js'
import { networkOf } from '../networks/model-spec.js'
import { expectClassifier } from '../networks/networks.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState } from '../training/checkpoint-state.js'
import type { Replicas } from '../training/replicas/replicas.js'
import { evaluatorOf } from './checkpoint-evaluator.js'
import type { Crops } from './crops.js'
import type { EvaluationProgress } from './pace.js'
import { progressFile, progressFilesOf } from './progress-file.js'
import { expectNumbers, type Member } from './result.js'
import type { Subject } from './row.js'
import { subjectOf } from './subject.js'

export interface MembersOptions {
  readonly backend: Backend
  readonly precision: Precision
  readonly images: ImageSet
  readonly badImages: 'error' | 'skip'
  readonly crops: Crops
  /** Where progress is kept, a file for each member and replica; undefined for nowhere. */
  readonly keepIn?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** The processes that evaluate together, each of which does the same. @default this one by itself */
  readonly replicas?: Replicas | undefined
  readonly progress?: (member: number, progress: EvaluationProgress) => void
}

export interface EvaluatedMembers {
  readonly members: readonly Member[]
  /** Left out by any member. */
  readonly badImages: readonly BadImageNote[]
  /** The files that hold the progress of what is now done: to be removed when its results are safe. */
  readonly progressFiles: readonly string[]
}

/**
 * Evaluates checkpoints on the same images one after the other. The members of an ensemble that were done before an
 * interruption are not computed again.
 *
 * Errors: as `Evaluator.run`, and `UserError` when a checkpoint gives what is no number.
 */
export async function evaluateMembers(
  checkpoints: readonly Checkpoint[],
  options: MembersOptions,
): Promise<EvaluatedMembers> {
  const { images, crops, keepIn, signal, progress } = options
  const members: Member[] = []
  const bad = new Map<string, BadImageNote>()
  const progressFiles: string[] = []
  for (const [place, checkpoint] of checkpoints.entries()) {
    const subject = subjectOf(checkpoint, crops)
    const keep = keepIn === undefined ? undefined : progressFile(keepIn, wordsOf(subject, options))
    await using evaluator = evaluatorOf(checkpoint, options)
    const evaluation = await evaluator.run({
      ...(keep !== undefined && { keep }),
      ...(signal && { signal }),
      progress: done => progress?.(place, done),
    })
    if (keep !== undefined) progressFiles.push(...progressFilesOf(keep))
    for (const note of evaluation.bad) bad.set(note.path, note)
    const { predictions, crops: description } = evaluation
    expectNumbers(predictions, checkpoint.file, images)
    members.push({ ...subject, crops: description, checkpoint: checkpoint.file, predictions })
  }
  return { members, badImages: [...bad.values()], progressFiles }
}

/**
 * Everything that tells this evaluation from others kept in the same folder: no less than the evaluator compares when it
 * opens the file.
 */
const wordsOf = (
  { weights }: Pick<Subject, 'weights'>,
  { images, crops, backend, precision, badImages }: MembersOptions,
): readonly string[] => [
  weights,
  path.resolve(images.root),
  ...images.classes,
  ...images.items.map(item => `${item.label} ${path.relative(images.root, item.path)}`),
  JSON.stringify(crops),
  backend.title,
  ...backend.passes,
  precision,
  badImages,
]

/** Errors: `UserError` where one gives no classes; naming two members and the first class that only one of them has. */
export function expectOneClassList(checkpoints: readonly Pick<Checkpoint, 'file' | 'state'>[]): void {
  const [first, ...others] = checkpoints.map(checkpoint => {
    const { classNames, model } = decodeState(checkpoint)
    expectClassifier(networkOf(model))
    return { file: checkpoint.file, classes: classNames }
  })
  if (!first) return
  for (const other of others) {
    const known = new Set(other.classes)
    const own = new Set(first.classes)
    const lacking = first.classes.find(name => !known.has(name))
    const extra = other.classes.find(name => !own.has(name))
    const [name, owner] = lacking === undefined ? [extra, other.file] : [lacking, first.file]
    if (name !== undefined)
      throw new UserError(
        `${first.file} and ${other.file} make no ensemble: only ${owner} has the class '${name}'; give checkpoints of the same classes`,
      )
  }
}
