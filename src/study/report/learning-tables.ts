import { formatDuration, formatPercent } from '../../base/format.js'
import { arrivalAt, compareSpeed, curveOf, givenErrors } from '../claims/speed.js'
import { isFraction, memberOf, type NetworkResult, type Pair, type RunResult, type StudyResult } from '../result.js'
import { meanOfMeasured, measured, missing, type Table } from './table.js'

const mean = (values: readonly number[]): number => meanOfMeasured(values) ?? 0

/** How fast the networks learned, as tables. */
export const learningTables = (result: StudyResult): Table[] =>
  [arrivalTable(result), speedTable(result), curveTable(result)].filter(table => table.rows.length > 0)

/** Epochs and training time to given errors. */
function arrivalTable(result: StudyResult): Table {
  const measuredOnes = result.networks.flatMap(network => {
    const curve = curveOf(network)
    return curve.length > 0 ? [{ title: network.title, curve }] : []
  })
  const errors = givenErrors(measuredOnes.map(each => each.curve))
  return {
    id: 'arrivals',
    caption: 'Epochs and training time to given top-1 errors',
    header: ['Network', ...errors.map(error => `${Number((100 * error).toFixed(1))} %`)],
    rows:
      errors.length === 0
        ? []
        : measuredOnes.map(({ title, curve }) => [
            title,
            ...errors.map(error => {
              const arrival = arrivalAt(curve, error)
              return arrival ? `${inEpochs(arrival.epochs)} / ${formatDuration(arrival.seconds)}` : missing
            }),
          ]),
    notes: [
      'When the curve, the mean over the seeds, first came to the error, linear between evaluations; — where it never did.',
    ],
  }
}

const inEpochs = (n: number): string => `${n.toFixed(1)} ${n.toFixed(1) === '1.0' ? 'epoch' : 'epochs'}`

function speedTable(result: StudyResult): Table {
  const rows = (['smaller', 'larger'] as const).flatMap((pair: Pair) => {
    const pure = memberOf(result, pair, false)
    const residual = memberOf(result, pair, true)
    const speed = pure && residual && compareSpeed(pure, residual)
    if (!speed) return []
    return ([pure, residual] as const).map((n, i) => {
      const of = i === 0 ? speed.pure : speed.residual
      return [
        n.title,
        formatPercent(speed.threshold),
        of.epochs.toFixed(1),
        formatDuration(of.seconds),
        formatPercent(mean(of.meanErrors)),
        `${speed.firstEpoch}–${speed.lastEpoch}`,
      ]
    })
  })
  return {
    id: 'speed',
    caption: 'Speed of learning within the pairs, top-1',
    header: ['Network', 'Threshold', 'Epochs to it', 'Training time to it', 'Mean error', 'Over epochs'],
    rows,
    notes: [
      'The threshold of a pair is 1.1 times the worse of its two last errors; the mean error is the area under the curve divided by its span.',
    ],
  }
}

/** Top-1 error by epoch, at most a dozen rows; the page also has every epoch of every run. */
function curveTable(result: StudyResult): Table {
  const curves = result.networks.map(n => new Map(curveOf(n).map(point => [point.epoch, point.error])))
  const epochs = [...new Set(curves.flatMap(c => [...c.keys()]))].sort((a, b) => a - b)
  const every = Math.ceil(epochs.length / 12)
  const shown = epochs.filter((_, i) => i === 0 || (epochs.length - 1 - i) % every === 0)
  return {
    id: 'by-epoch',
    caption: 'Top-1 error by epoch',
    header: ['Epoch', ...result.networks.map(n => n.title)],
    rows: shown.map(epoch => [`${epoch}`, ...curves.map(c => measured(c.get(epoch), formatPercent))]),
    notes: result.networks.some(n => n.runs.length > 1) ? ['Means over the seeds.'] : [],
  }
}

/** Every evaluation of a run. */
export const epochTable = (network: Pick<NetworkResult, 'network' | 'title'>, run: RunResult): Table => ({
  id: `curve-${network.network}-${run.seed}`,
  caption: `${network.title}, seed ${run.seed}`,
  header: ['Epoch', 'Training time', 'Training loss', 'Top-1', 'Top-5'],
  rows: run.epochs.map(e => [
    `${e.epoch}`,
    formatDuration(e.seconds),
    typeof e.trainLoss === 'number' && Number.isFinite(e.trainLoss) ? e.trainLoss.toFixed(3) : missing,
    isFraction(e.top1Error) ? formatPercent(e.top1Error) : missing,
    isFraction(e.top5Error) ? formatPercent(e.top5Error) : missing,
  ]),
  notes: [],
})
