import { rmSync } from 'node:fs'
import path from 'node:path'
import type { Backend, Precision } from '../src/backends/backend.js'
import type { ImageSet } from '../src/data/class-folder.js'
import { ImageCache } from '../src/data/image-cache.js'
import { openTrainingData } from '../src/data/sources/open.js'
import { writeSynth } from '../src/data/synth/folder.js'
import { classNames } from '../src/data/synth/scene.js'
import type { SynthSettings } from '../src/data/synth/settings.js'
import { passNames } from '../src/graph/passes/pass-names.js'
import type { ModelSpec } from '../src/networks/model-spec.js'
import { type DataSets, trainInFolder } from '../src/study/run/run.js'
import type { RunSettings } from '../src/study/run/run-settings.js'
import { readCheckpoint } from '../src/training/checkpoint.js'
import type { TrainingEvent } from '../src/training/events.js'
import { type FineTuning, fineTuningFrom } from '../src/training/fine-tuning.js'
import { fineTuningRecipe, type Recipe } from '../src/training/recipe.js'

/** A network trained on one half of the drawn classes, and what that is worth on the other half. */
export interface Transfer {
  /** Where data and runs go; what is there is used again. */
  readonly folder: string
  /** An even number of classes. */
  readonly synth: SynthSettings
  /** Images of each new class to learn from. */
  readonly fewPerClass: number
  readonly model: Omit<ModelSpec, 'classes'>
  /** How networks are trained from nothing, on the known classes and on the new ones. */
  readonly scratch: Omit<Recipe, 'precision' | 'epochs'>
  readonly knownEpochs: number
  /** From nothing, on the new classes; fine-tuning has a tenth of it. */
  readonly epochs: number
  /** Ways to fine-tune, by name. */
  readonly ways: Readonly<Record<string, Partial<Pick<FineTuning, 'freeze' | 'headOnlyEpochs'>>>>
  readonly backend: Backend
  readonly precision: Precision
  readonly say: (line: string) => void
}

export interface Course {
  readonly what: string
  readonly steps: number
  readonly top1Error: number
  readonly top5Error: number
  /** Of training alone, over all phases. */
  readonly stepsPerSecond: number
  /** What the last phase's training step takes as planned. */
  readonly memoryBytes: number
}

/** The network of the known classes, the one that begins from nothing, then each way to fine-tune, in this order. */
export async function measureTransfer(transfer: Transfer): Promise<Course[]> {
  const { folder, synth, fewPerClass, model, scratch, ways } = transfer
  const drawn = path.join(folder, 'data')
  await writeSynth(drawn, synth)
  const { train, val } = await openTrainingData(drawn)
  const known = classNames(synth.classes / 2)
  const others = train.classes.filter(name => !known.includes(name))
  const all = Number.POSITIVE_INFINITY
  const knownData = dataSets(subset(train, known, all), subset(val, known, all))
  const newData = dataSets(subset(train, others, fewPerClass), subset(val, others, all))

  const run = async (what: string, data: DataSets, recipe: Omit<Recipe, 'precision'>, fineTuning?: FineTuning) => {
    const { precision } = transfer
    const classes = data.train.classes.length
    const settings = { ...common, model: { ...model, classes }, recipe: { ...recipe, precision }, data: drawn }
    const course = await follow(what, { ...settings, ...(fineTuning && { fineTuning }) }, data, transfer)
    transfer.say(`${course.what}: ${(100 * course.top1Error).toFixed(1)} % after ${course.steps} steps`)
    return course
  }
  const origin = await run('known classes', knownData, { ...scratch, epochs: transfer.knownEpochs })
  const nothing = await run('from nothing', newData, { ...scratch, epochs: transfer.epochs })
  const courses = [origin, nothing]
  for (const [name, way] of Object.entries(ways)) {
    using checkpoint = readCheckpoint(origin.file)
    const fineTuning = fineTuningFrom(checkpoint, { ...way, newClasses: true })
    const recipe = { ...fineTuningRecipe(transfer.epochs / 10), batch: scratch.batch, seed: scratch.seed }
    courses.push(await run(name, newData, recipe, fineTuning))
  }
  return courses
}

const common = {
  badImages: 'error',
  backend: 'auto',
  watchSteps: 0,
  evaluateEpochs: 1e6,
  recompute: 'auto',
  passes: passNames,
} as const satisfies Partial<RunSettings>

/** Trains anew and keeps what the last events say. */
async function follow(what: string, settings: RunSettings, data: DataSets, { folder, backend }: Transfer) {
  const place = path.join(folder, what.replaceAll(/\W+/g, '-'))
  rmSync(place, { recursive: true, force: true })
  const seen = new Map<TrainingEvent['type'], TrainingEvent>()
  const sink = { write: (event: TrainingEvent) => void seen.set(event.type, event), async close() {} }
  await trainInFolder(settings, { folder: place, resume: false, backend, data, sinks: [sink], resumeCommand: '' })
  const last = <T extends TrainingEvent['type']>(type: T) => seen.get(type) as Extract<TrainingEvent, { type: T }>
  const { top1Error, top5Error } = last('evaluation')
  const { memoryBytes } = last('phase') ?? last('start')
  const { step: steps, seconds, file } = last('done')
  return { what, steps, top1Error, top5Error, stepsPerSecond: steps / seconds, memoryBytes, file }
}

/** The first `most` images of each of some classes. */
function subset({ root, items, classes }: ImageSet, chosen: readonly string[], most: number): ImageSet {
  const kept = classes.filter(name => chosen.includes(name))
  const of = (name: string) => items.filter(({ label }) => classes[label] === name).slice(0, most)
  return { root, classes: kept, items: kept.flatMap((name, label) => of(name).map(item => ({ ...item, label }))) }
}

function dataSets(train: ImageSet, val: ImageSet): DataSets {
  const cache = ({ items }: ImageSet) => ImageCache.reserve(items.length, 256 * 2 ** 20)
  return { train, val, caches: { train: cache(train), val: cache(val) } }
}
