import { rmSync } from 'node:fs'
import path from 'node:path'
import { choosePrecision, openBackend } from '../../../backends/open.js'
import { Interruption, UserError } from '../../../base/error.js'
import { formatCount } from '../../../base/format.js'
import type { SingleCrop } from '../../../data/crops/protocol.js'
import { describeQuarantine, expectFiles, inLoading, quarantine, quarantineOf } from '../../../data/quarantine.js'
import { digestOfSet } from '../../../data/set-digest.js'
import { expectClasses } from '../../../evaluation/checkpoint-evaluator.js'
import type { Crops } from '../../../evaluation/crops.js'
import { type EvaluatedMembers, evaluateMembers, expectOneClassList } from '../../../evaluation/members.js'
import { cachedProgressFolder } from '../../../evaluation/progress-file.js'
import { resultOf } from '../../../evaluation/result.js'
import { writeResult } from '../../../evaluation/result-folder.js'
import { ensembleOf } from '../../../evaluation/row.js'
import { averagePredictions } from '../../../evaluation/scores.js'
import { submissionOf } from '../../../evaluation/submission.js'
import { expectFilePlace, writeText } from '../../../formats/atomic-file.js'
import type { Checkpoint } from '../../../training/checkpoint.js'
import { decodeState } from '../../../training/checkpoint-state.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { expectSame } from '../../../training/replicas/agreement.js'
import { replicaThreads } from '../../../training/replicas/threads.js'
import { interruptSignal } from '../../interrupt.js'
import { makeFolder } from '../../output-places.js'
import { ProgressLine } from '../../progress-line.js'
import { asReplica, type Together } from '../../replicas.js'
import { warn } from '../../warn.js'
import type { Flags } from '../evaluate.js'
import { describeBadImages, describeResult } from './description.js'
import { checkImageFlags, type EvaluationImages, openImages } from './images.js'
import { describeProgress } from './progress.js'

export const evaluateCheckpoints = (flags: Flags): Promise<void> =>
  asReplica(flags.replicaTimeout, together => run(flags, together))

async function run(flags: Flags, together: Together): Promise<void> {
  const { replicas, warn } = together
  expectSingle(flags)
  expectMovable(flags)
  checkImageFlags(flags)
  // All of them are checked before the first takes its time.
  const checkpoints = flags.checkpoint.map(place => openCheckpoint(place, warn, replicas.goOn))
  expectOneClassList(checkpoints)
  const crops = cropsOf(flags, checkpoints)
  const data = await openImages(flags, decodeState(checkpoints[0]!).classNames, replicas.goOn)
  for (const checkpoint of checkpoints) expectClasses(checkpoint, data.images)
  if (flags.badImages === 'quarantine') expectFiles(data.images)
  const keepIn = openFolders(flags)
  const evaluated = await evaluate(checkpoints, flags, { crops, data, keepIn, together })
  if (replicas.isFirst) {
    report(evaluated, flags, data)
    if (flags.badImages === 'quarantine') setAside(evaluated, flags.data)
  }
  // Not before the results are safe.
  replicas.gather(true)
  for (const file of evaluated.progressFiles) rmSync(file, { force: true })
}

function expectSingle({ crops, single }: Flags): void {
  if (single !== undefined && crops !== '1')
    throw new UserError(`--single says how one crop is cut, and --crops is ${crops}: leave one of them out`, 2)
}

/** Lines of a ground truth go by the images' places, which would no longer agree. */
function expectMovable({ badImages, groundTruth }: Flags): void {
  if (badImages === 'quarantine' && groundTruth !== undefined)
    throw new UserError('--ground-truth has a line an image, so none can be moved away: use --bad-images skip', 2)
}

/** Only when the evaluation is done: one that goes on must find the same images. */
function setAside({ badImages }: Evaluated, data: string): void {
  const into = quarantineOf(data)
  for (const message of describeQuarantine(quarantine(data, into, badImages), into)) warn(message)
}

function cropsOf({ crops, single }: Flags, checkpoints: readonly Checkpoint[]): Crops {
  if (crops === 'dense') return { kind: 'dense' }
  return { kind: 'views', name: crops === '1' ? (single ?? ownCrop(checkpoints)) : crops }
}

/** The single crop that the checkpoints ask for. */
function ownCrop(checkpoints: readonly Checkpoint[]): SingleCrop {
  const [first = 'slim', ...others] = new Set(checkpoints.map(checkpoint => decodeState(checkpoint).crop ?? 'slim'))
  if (others.length > 0)
    throw new UserError(
      `the checkpoints are evaluated on different crops, ${[first, ...others].join(' and ')}: say which (--single)`,
      2,
    )
  return first
}

/** Makes the folders that will be written to. Returns the one for the progress, if there is any. */
function openFolders({ out, submission }: Flags): string | undefined {
  if (submission !== undefined) {
    expectFilePlace(submission)
    makeFolder(path.dirname(submission))
  }
  if (out === undefined) return cachedProgressFolder()
  makeFolder(out)
  return out
}

interface Evaluated extends EvaluatedMembers {
  readonly precision: string
  readonly backend: string
}

interface Setting {
  readonly crops: Crops
  readonly data: EvaluationImages
  readonly keepIn: string | undefined
  readonly together: Together
}

/** Errors: as `evaluateMembers`, and one named AbortError when it was interrupted. */
async function evaluate(
  checkpoints: readonly Checkpoint[],
  flags: Flags,
  { crops, data, keepIn, together: { replicas, warn } }: Setting,
): Promise<Evaluated> {
  const threads = replicaThreads(replicas, flags.threads, warn)
  const backend = openBackend(flags.backend, warn, { ...flags, threads, notify: warn })
  const precision = choosePrecision(backend, flags.precision)
  expectSame(replicas, {
    ...Object.fromEntries(checkpoints.map(({ sha256 }, i) => [`checkpoint ${i + 1}`, sha256])),
    ...{ crops: JSON.stringify(crops), precision, 'what is done about bad images': flags.badImages },
    'the list of images': digestOfSet(data.images),
    'the library of kernels': backend.title,
  })
  const line = new ProgressLine(process.stderr)
  const meanwhile = keepIn === undefined ? 'stopping' : 'keeping what is done'
  const signal = interruptSignal(replicas.isFirst ? meanwhile : undefined)
  try {
    const members = await evaluateMembers(checkpoints, {
      backend,
      precision,
      images: data.images,
      badImages: inLoading(flags.badImages),
      crops,
      keepIn,
      signal,
      replicas,
      progress(place, progress) {
        if (replicas.isFirst) line.update(describeProgress(checkpoints[place]!.file, progress))
      },
    })
    return { ...members, precision, backend: backend.title }
  } catch (error) {
    // Also where another replica was asked to stop.
    if (keepIn === undefined || !(error instanceof Error && error.name === 'AbortError')) throw error
    throw new Interruption('interrupted; the same command goes on')
  } finally {
    line.end()
    for (const checkpoint of checkpoints) checkpoint.close()
  }
}

function report(evaluated: Evaluated, { submission, out, json }: Flags, data: EvaluationImages): void {
  const { members, badImages, precision, backend } = evaluated
  const { images, truth, synsets, subset } = data
  if (submission !== undefined && synsets) {
    const predictions = averagePredictions(members.map(member => member.predictions))
    writeText(submission, submissionOf(predictions, images, synsets))
    for (const { path: file } of badImages)
      warn(`${file} could not be read: its line in ${submission} guesses the first classes`)
  }
  if (truth) {
    const result = resultOf(members, { images, subset, badImages, precision, backend })
    if (out !== undefined) writeResult(out, result)
    console.log(json ? JSON.stringify(result, undefined, 2) : describeResult(result))
    return
  }
  const { model, crops } = ensembleOf(members)
  const result = { data: images.root, model, crops, precision, backend, submission, badImages }
  if (json) console.log(JSON.stringify(result, undefined, 2))
  else {
    console.log(`${formatCount(images.items.length)} images predicted into ${submission}; their classes are not known`)
    console.log([crops, ...describeBadImages(badImages)].join('\n'))
  }
}
