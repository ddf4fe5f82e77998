import type { Backend } from '../../../backends/backend.js'
import { formatBytes, formatCount, formatDays, formatPercent, formatTable } from '../../../base/format.js'
import { networkOf } from '../../../networks/model-spec.js'
import type { DataSets } from '../../../study/run/run.js'
import type { RunSettings } from '../../../study/run/run-settings.js'
import { exchangeCost } from '../../../study/scaling/exchange-cost.js'
import { type MeasuredTraining, measureTraining } from '../../../study/scaling/measured-training.js'
import { type Link, predictScaling, type Scaling } from '../../../study/scaling/prediction.js'
import type { Replicas } from '../../../training/replicas/replicas.js'

export interface DryRunOptions {
  readonly backend: Backend
  readonly data: DataSets
  readonly replicas: number
  readonly link: Link | undefined
  /** Those that do this together, each of which measures itself. */
  readonly together: Replicas
  readonly signal: AbortSignal
}

const measuredSteps = 3
/** Parameters and their running averages, and the optimiser's slots, in each of three checkpoints. */
const keptCheckpoints = 3

/** Measures a few steps of the run and says what all of it will take. Under mpirun to be called by all replicas. */
export async function dryRun(settings: RunSettings, options: DryRunOptions): Promise<string> {
  const { backend, data, replicas, link, together, signal } = options
  const { recipe, model } = settings
  const images = data.train
  const { worked } = together
  const measured = await measureTraining(settings, { backend, images, replicas, steps: measuredSteps, signal, worked })
  const batch = recipe.batch / replicas
  const share = replicas === 1 ? '' : `, a replica's share of ${batch}`
  const what = `${networkOf(model).title} at ${model.size}×${model.size}, batch ${recipe.batch}${share}, ${recipe.precision}`
  const { step, secondsWithLoader } = measured
  const begin = [
    `${what}, ${backend.title}, threads: ${backend.threads}. Measured in ${measuredSteps} steps:\n`,
    `${formatTable(['what', 'takes'], costs(measured))}\n`,
  ]
  if (link === undefined || replicas === 1) return [...begin, describeRun(settings, data, secondsWithLoader)].join('\n')
  // Whoever was stopped, or met a bad image, says so here; in what follows the others would wait for it.
  together.gather(true)
  const cost = exchangeCost(together.communicator)
  const of = (n: number) => predictScaling(step, link, cost, n)
  const loading = Math.max(0, secondsWithLoader - mean(step.seconds))
  const left = recipe.syncBatchNorm ? '; without what every batch norm waits for (--sync-batch-norm)' : ''
  const speed = `${formatCount(link.bitsPerSecond / 1e6)} Mb/s and ${Math.round(link.latencySeconds * 1e6)} µs`
  return [
    ...begin,
    `Predicted, not measured: replicas of ${batch} images each, on links of ${speed}${left}:\n`,
    `${scalingTable(powersUpTo(replicas).map(of), batch, loading)}\n`,
    `With ${replicas} replicas ${describeRun(settings, data, of(replicas).stepSeconds + loading)}`,
  ].join('\n')
}

const costs = ({ step, secondsWithLoader, memoryBytes, imageBytes, variableBytes }: MeasuredTraining): string[][] => [
  ['a step, images at hand', milliseconds(mean(step.seconds))],
  ['a step and its images', milliseconds(secondsWithLoader)],
  ['memory, as planned', formatBytes(memoryBytes)],
  ['memory for images, at most', formatBytes(imageBytes)],
  ['checkpoints on disk', formatBytes(keptCheckpoints * variableBytes)],
]

function describeRun({ recipe, steps: end }: RunSettings, { train }: DataSets, stepSeconds: number): string {
  const count = train.items.length
  const steps = end ?? Math.ceil((recipe.epochs * count) / recipe.batch)
  return `${formatCount(steps)} steps over ${formatCount(count)} images take about ${formatDays(steps * stepSeconds)}, evaluations left out (${(recipe.batch / stepSeconds).toPrecision(3)} images/s).`
}

const scalingTable = (rows: readonly Scaling[], batch: number, loading: number): string =>
  formatTable(
    ['replicas', 'step', 'images/s', 'efficiency', 'exchange', 'of it hidden', 'waiting for the slowest'],
    rows.map(({ replicas, stepSeconds, exchangeSeconds, exposedSeconds, spreadSeconds }) => [
      `${replicas}`,
      milliseconds(stepSeconds + loading),
      ((replicas * batch) / (stepSeconds + loading)).toPrecision(3),
      formatPercent((rows[0]!.stepSeconds + loading) / (stepSeconds + loading)),
      milliseconds(exchangeSeconds),
      exchangeSeconds === 0 ? '–' : formatPercent(1 - exposedSeconds / exchangeSeconds),
      milliseconds(spreadSeconds),
    ]),
  )

/** 1, 2, 4, … and `most`. */
function powersUpTo(most: number): number[] {
  const powers = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i)
  return powers.at(-1) === most ? powers : [...powers, most]
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n / numbers.length, 0)
const milliseconds = (seconds: number) => `${formatCount(seconds * 1000)} ms`
