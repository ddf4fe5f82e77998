import type { Backend, BackendName, Precision } from '../backends/backend.js'
import { cropProtocols } from '../data/crops/crops.js'
import { batchesBytes } from '../data/loader-options.js'
import { denseSides } from '../evaluation/dense.js'
import type { ModelSpec } from '../networks/model-spec.js'
import { findNetwork } from '../networks/networks.js'
import type { StudyCropName } from './lanes/evaluate-run.js'
import { inProcess } from './lanes/lanes.js'
import type { FootprintOrder } from './lanes/measure-footprint.js'
import { seedsOf } from './matrix.js'
import type { Preset, StudyRecipe } from './presets/preset.js'
import type { Footprint } from './result.js'
import { cacheBytes } from './run/run.js'

/** How many images and classes the study will have. */
export interface DataCounts {
  readonly train: number
  readonly val: number
  readonly classes: number
}

/** ILSVRC-2012, for a forecast before it is at hand. */
export const imagenetCounts: DataCounts = { train: 1_281_167, val: 50_000, classes: 1000 }

export interface ForecastOptions {
  readonly preset: Preset
  readonly counts: DataCounts
  readonly backend: Backend
  readonly backendName: BackendName
  readonly precision: Precision
  /** Runs at a time. */
  readonly atOnce: number
  readonly signal?: AbortSignal | undefined
  /** Hears what is being measured. */
  readonly measuring?: (what: string) => void
}

/** What one network, or one part, of a study will take. */
export interface ForecastRow {
  readonly what: string
  readonly runs: number
  /** Training steps of one run. */
  readonly steps: number
  readonly stepMilliseconds: number
  /** Of all its runs one after the other. */
  readonly trainingSeconds: number
  readonly evaluationSeconds: number
  /** Memory of one run. */
  readonly bytes: number
}

export interface Forecast {
  readonly rows: readonly ForecastRow[]
  /** With so many runs at a time. */
  readonly atOnce: number
  readonly seconds: number
  /** Of the runs that are in memory at a time. */
  readonly bytes: number
  /** Batches of those runs, and their caches of decoded images when these are full. */
  readonly imageBytes: number
  /** Of the checkpoints that are kept. */
  readonly diskBytes: number
}

const measuredSteps = 2
/** Forward, and backward for data and for weights: an evaluation's forward pass is a third of a step. */
const forwardShare = 1 / 3
/** Parameters, their running averages, and RMSProp's two slots, in each of three checkpoints. */
const savedCopies = 4 * 3

/**
 * Predicts time and memory of a study from a few training steps of each network on this machine, with the default
 * kernels; those that a real run measures and chooses are somewhat faster. Time for data and footprints is left out.
 */
export async function forecast(options: ForecastOptions): Promise<Forecast> {
  const { preset, counts, atOnce } = options
  const { recipe } = preset.comparison
  const rows: ForecastRow[] = []
  let parameters = 0
  let batches = 0
  for (const contestant of preset.comparison.contestants) {
    const model = { ...contestant.model, classes: counts.classes }
    batches = Math.max(batches, bytesOfBatches(recipe, model.size))
    const cost = await measure(options, model, recipe.batch)
    const runs = seedsOf(preset, contestant).length
    parameters += runs * cost.parameters
    const steps = Math.ceil((recipe.epochs * counts.train) / recipe.batch)
    const perView = (forwardShare * cost.stepMilliseconds) / recipe.batch / 1000
    const views = recipe.epochs * counts.val + finalViews(preset, counts.val, model.size)
    rows.push(rowOf(cost, runs, steps, runs * views * perView))
  }
  const { instability } = preset
  if (instability) {
    const { model, seeds, settings, steps } = instability
    batches = Math.max(batches, bytesOfBatches(instability.recipe, model.size))
    const cost = await measure(options, { ...model, classes: counts.classes }, instability.recipe.batch)
    const runs = seeds.length * settings.length
    parameters += runs * cost.parameters
    rows.push({ ...rowOf(cost, runs, steps, 0), what: `${cost.title}, instability` })
  }
  const total = rows.reduce((sum, row) => sum + row.trainingSeconds + row.evaluationSeconds, 0)
  const largest = rows.map(row => row.bytes).sort((a, b) => b - a)
  return {
    rows,
    atOnce,
    seconds: total / atOnce,
    bytes: largest.slice(0, atOnce).reduce((sum, bytes) => sum + bytes, 0),
    imageBytes: atOnce * (batches + cacheBytes),
    diskBytes: 4 * parameters * savedCopies,
  }
}

const bytesOfBatches = ({ batch, colour }: StudyRecipe, size: number): number =>
  batchesBytes({ batch, preprocessing: { kind: 'train', size, colour } })

const rowOf = (cost: Footprint, runs: number, steps: number, evaluationSeconds: number): ForecastRow => ({
  what: cost.title,
  runs,
  steps,
  stepMilliseconds: cost.stepMilliseconds,
  trainingSeconds: (runs * steps * cost.stepMilliseconds) / 1000,
  evaluationSeconds,
  bytes: cost.plannedBytes,
})

/** Views of one run's final evaluations; a dense one's are counted by their area. */
function finalViews({ comparison }: Preset, val: number, size: number): number {
  const plans: readonly { readonly name: StudyCropName; readonly images?: number }[] = [
    { name: '1' },
    ...comparison.crops,
  ]
  return plans.reduce((sum, { name, images }) => sum + Math.min(val, images ?? val) * viewsOf(name, size), 0)
}

function viewsOf(name: StudyCropName, size: number): number {
  if (name === '1') return 1
  if (name !== 'dense') return cropProtocols[name].count
  // Plain and mirrored, at the aspect of 4:3 that most photographs have.
  return denseSides(size).reduce((sum, side) => sum + 2 * (4 / 3) * (side / size) ** 2, 0)
}

async function measure(options: ForecastOptions, model: ModelSpec, batch: StudyRecipe['batch']): Promise<Footprint> {
  const { backend, backendName, precision, atOnce, signal, measuring } = options
  const { title } = findNetwork(model.network)
  measuring?.(title)
  const passes = [...backend.passes].filter(pass => pass !== 'tune')
  const order: FootprintOrder = {
    kind: 'footprint',
    model,
    batch,
    steps: measuredSteps,
    backend: backendName,
    passes,
    precision,
  }
  const threads = atOnce > 1 ? 1 : backend.threads
  return await inProcess<Footprint>(order, { signal, threads, what: `measuring ${title}` })
}
