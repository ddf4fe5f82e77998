import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Backend, BackendName, Precision } from '../../backends/backend.js'
import type { ImageSet } from '../../data/class-folder.js'
import { digestOfSet } from '../../data/set-digest.js'
import type { LabelNumbering } from '../../data/sources/class-names.js'
import { openTrainingData } from '../../data/sources/open.js'
import { evaluatorOf } from '../../evaluation/checkpoint-evaluator.js'
import type { Crops } from '../../evaluation/crops.js'
import type { PassName } from '../../graph/passes/pass-names.js'
import { type Checkpoint, latestCheckpoint } from '../../training/checkpoint.js'
import { loadEvaluation, type StoredEvaluation, storeEvaluation } from './stored-predictions.js'

/** The ways in which a study evaluates, by the id that its result has for them. */
const studyCrops = {
  '1': { kind: 'views', name: 'slim' },
  '10': { kind: 'views', name: '10' },
  '12': { kind: 'views', name: '12' },
  '144': { kind: 'views', name: '144' },
  dense: { kind: 'dense' },
} as const satisfies Readonly<Record<string, Crops>>

export type StudyCropName = keyof typeof studyCrops

/** One run's newest checkpoint, one protocol, the validation images or a part of them. */
export interface EvaluationOrder {
  readonly kind: 'evaluate'
  /** The run's folder. */
  readonly run: string
  readonly data: string
  /** @default 'auto' */
  readonly labels?: LabelNumbering
  readonly crops: StudyCropName
  /** At most so many images. */
  readonly images: number | null
  readonly backend: BackendName
  readonly passes: readonly PassName[]
  readonly precision: Precision
}

/** Opens the backend of a lane, with the threads that its process was given. */
export type Backing = (name: BackendName, passes: readonly PassName[]) => Backend

/** What a lane tells of an evaluation on its way. */
export interface EvaluationNews {
  readonly done: number
  readonly total: number
  readonly imagesPerSecond: number
}

/** Where the finished evaluation of a run lies. */
const storedFile = (run: string, crops: StudyCropName) => path.join(run, 'evaluations', `crops-${crops}.safetensors`)

/** The same wherever the study's folder and the images lie. */
const keyOf = ({ file, step }: Checkpoint, images: ImageSet): string =>
  JSON.stringify({ checkpoint: path.basename(file), step, images: digestOfSet(images) })

/** Evaluates unless that has been done. Interrupted, it goes on the next time where it was. */
export async function evaluateRun(
  order: EvaluationOrder,
  {
    open,
    signal,
    progress,
  }: {
    readonly open: Backing
    readonly signal: AbortSignal
    readonly progress: (news: EvaluationNews) => void
  },
): Promise<void> {
  const { run, crops, precision } = order
  const file = storedFile(run, crops)
  const images = someOf((await openTrainingData(order.data, { labels: order.labels })).val, order.images)
  using checkpoint = latestCheckpoint(path.join(run, 'checkpoints'), () => {})
  const key = keyOf(checkpoint, images)
  if (loadEvaluation(file, key)) return
  const backend = open(order.backend, order.passes)
  await using evaluator = evaluatorOf(checkpoint, {
    backend,
    precision,
    images,
    badImages: 'skip',
    crops: studyCrops[crops],
  })
  const keep = `${file}.part`
  mkdirSync(path.dirname(file), { recursive: true })
  const { predictions, bad, crops: description, imagesPerSecond } = await evaluator.run({ keep, signal, progress })
  storeEvaluation(file, key, { predictions, description, badImages: bad.length, imagesPerSecond })
  rmSync(keep, { force: true })
}

/** What `evaluateRun` has left; undefined when it has not been done. */
export function evaluationOf(order: EvaluationOrder, val: ImageSet): StoredEvaluation | undefined {
  // Before the checkpoint is read, all of which is hashed.
  if (!existsSync(storedFile(order.run, order.crops))) return undefined
  using checkpoint = latestCheckpoint(path.join(order.run, 'checkpoints'), () => {})
  return loadEvaluation(storedFile(order.run, order.crops), keyOf(checkpoint, someOf(val, order.images)))
}

/** At most `most` images of a set, evenly from all of its classes. */
export function someOf(set: ImageSet, most: number | null): ImageSet {
  const { items } = set
  if (most === null || items.length <= most) return set
  return { ...set, items: Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!) }
}
