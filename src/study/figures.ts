import { formatPercent } from '../base/format.js'
import { wilsonInterval } from '../evaluation/intervals.js'
import type { Chart, ChartPoint, ChartSeries, SeriesStyle } from './chart.js'
import { isFraction, type NetworkResult, type Pair, type StudyResult, shortTitle, usableFinal } from './result.js'

/** One of the paper's figures 8 to 11 for this run: the error by epoch, as in the paper, and by training time. */
export interface Figure {
  readonly id: string
  readonly title: string
  readonly caption: string
  readonly charts: readonly [byEpoch: Chart, byTime: Chart]
}

type ErrorKind = 'top1Error' | 'top5Error'

/** The figures that have at least one network; numbers are those of the AAAI version, arXiv's are in the captions. */
export function figuresOf(result: StudyResult): Figure[] {
  const pair = (which: Pair) => result.networks.filter(n => n.pair === which)
  const all = result.networks
  return [
    figure('8', 'top1Error', pair('smaller'), result, 'arXiv figure 21'),
    figure(
      '9',
      'top1Error',
      pair('larger'),
      result,
      'arXiv figure 23; its caption names Inception-v3 where the curve and its last sentence are of Inception-v4',
    ),
    figure('10', 'top5Error', all, result, 'arXiv figure 25'),
    figure('11', 'top1Error', all, result, 'arXiv figure 26'),
  ].filter(f => f.charts[0].series.length > 0)
}

function figure(
  number: string,
  kind: ErrorKind,
  networks: readonly NetworkResult[],
  result: StudyResult,
  elsewhere: string,
): Figure {
  const rank = kind === 'top1Error' ? 'Top-1' : 'Top-5'
  const compared = networks.length > 2 ? 'all networks' : networks.map(n => n.title).join(' vs ')
  const title = `${rank} error, ${compared}`
  const banded = networks.length <= 2
  const chart = (axis: 'epoch' | 'time'): Chart => {
    const unit = timeUnit(networks)
    const series = networks.map((n, i) =>
      seriesOf(n, i, kind, axis === 'epoch' ? undefined : unit.seconds, banded, result),
    )
    return {
      id: `figure-${number}-by-${axis}`,
      title: `Figure ${number}: ${title}, by ${axis === 'epoch' ? 'epoch' : 'training time'}`,
      description: describe(series, axis === 'epoch' ? 'epoch' : unit.name),
      xLabel: axis === 'epoch' ? 'epoch' : `training time, ${unit.name}`,
      yLabel: `${rank.toLowerCase()} error`,
      wholeX: axis === 'epoch',
      ...(axis === 'time' && { fromX: 0 }),
      series,
    }
  }
  const shade = banded ? ' The shade is the 95 % interval for this many validation images.' : ''
  return {
    id: `figure-${number}`,
    title,
    caption: `As the paper’s figure ${number} (${elsewhere}): validation error of the running-average weights.${shade}`,
    charts: [chart('epoch'), chart('time')],
  }
}

function seriesOf(
  network: NetworkResult,
  index: number,
  kind: ErrorKind,
  secondsPerUnit: number | undefined,
  banded: boolean,
  result: StudyResult,
): ChartSeries {
  const images = usableFinal(network)?.images ?? result.dataSet.valImages
  const points = network.epochs.flatMap((epoch): ChartPoint[] => {
    const y = epoch[kind]
    if (!isFraction(y)) return []
    const x = secondsPerUnit === undefined ? epoch.epoch : epoch.seconds / secondsPerUnit
    return [{ x, y, ...(banded && wilsonInterval(y, images)) }]
  })
  return {
    label: network.title,
    short: shortTitle(network),
    style: styleOf(network.network, index),
    points: points.sort((a, b) => a.x - b.x),
  }
}

const styles: Readonly<Record<string, SeriesStyle>> = {
  'inception-v3': { colour: 0, dash: 'dashed', marker: 'square' },
  'inception-resnet-v1': { colour: 1, dash: 'solid', marker: 'circle' },
  'inception-v4': { colour: 2, dash: 'dash-dotted', marker: 'diamond' },
  'inception-resnet-v2': { colour: 3, dash: 'solid', marker: 'triangle' },
}

const styleOf = (id: string, index: number): SeriesStyle =>
  (Object.hasOwn(styles, id) ? styles[id] : undefined) ?? {
    colour: 4 + (index % 2),
    dash: 'dotted',
    marker: index % 2 === 0 ? 'square' : 'circle',
  }

function timeUnit(networks: readonly NetworkResult[]): { name: string; seconds: number } {
  const longest = Math.max(0, ...networks.flatMap(n => n.epochs.map(e => e.seconds)).filter(Number.isFinite))
  if (longest < 180) return { name: 'seconds', seconds: 1 }
  return longest < 3 * 3600 ? { name: 'minutes', seconds: 60 } : { name: 'hours', seconds: 3600 }
}

const describe = (series: readonly ChartSeries[], unit: string): string =>
  series
    .map(s => {
      const [first, last] = [s.points[0], s.points.at(-1)]
      if (!first || !last) return `${s.label}: no data.`
      const at = (x: number) => (unit === 'epoch' ? `epoch ${x}` : `${Number(x.toPrecision(3))} ${unit}`)
      return `${s.label}: ${formatPercent(first.y)} at ${at(first.x)}, ${formatPercent(last.y)} at ${at(last.x)}.`
    })
    .join(' ')
