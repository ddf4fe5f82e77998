import { wilsonInterval } from '../../evaluation/intervals.js'
import { begunRuns, type CurvePoint, curveOf } from '../claims/speed.js'
import { type NetworkResult, type StudyResult, shortTitle } from '../result.js'
import { sayX, sayY } from './axis.js'
import type { Chart, ChartSeries } from './chart.js'
import type { Figure } from './figure.js'
import { styleOfNetwork } from './palette.js'

type ErrorKind = 'top1Error' | 'top5Error'

/**
 * The paper's figures 8 to 11 for this run, those that have at least one network: the error by epoch, as in the paper,
 * and by training time. Numbers are those of the AAAI version, arXiv's are in the captions. Comparators are left out.
 */
export function errorFigures(result: StudyResult): Figure[] {
  const all = result.networks.filter(n => n.role !== 'comparator')
  const pair = (role: NetworkResult['role']) => all.filter(n => n.role === role)
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
  ].filter(f => f.charts[0]!.series.length > 0)
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
  const title = `Figure ${number}: ${rank} error, ${compared}`
  const curves = networks.map(network => curveOf(network, kind))
  const unit = timeUnit(curves)
  const chart = (by: 'epoch' | 'time'): Chart => {
    const x =
      by === 'epoch'
        ? { label: 'epoch', unit: 'epoch', whole: true }
        : { label: `training time, ${unit.name}`, unit: unit.name, whole: false, from: 0 }
    const y = { label: `${rank.toLowerCase()} error`, scale: 'percent' } as const
    const at = (point: CurvePoint) => (by === 'epoch' ? point.epoch : point.seconds / unit.seconds)
    const series = networks.map((network, i) => seriesOf(network, i, curves[i]!, at, result.dataSet.valImages))
    return {
      id: `figure-${number}-by-${by}`,
      title: `${title}, by ${by === 'epoch' ? 'epoch' : 'training time'}`,
      description: describeEnds({ x, y, series }),
      x,
      y,
      series,
    }
  }
  return {
    id: `figure-${number}`,
    title,
    caption: `As the paper’s figure ${number} (${elsewhere}): validation error of the running-average weights, single crop. ${shade(networks)}`,
    charts: [chart('epoch'), chart('time')],
  }
}

function shade(networks: readonly NetworkResult[]): string {
  const seeds = [...new Set(networks.map(n => begunRuns(n).length).filter(n => n > 0))]
  if (seeds.every(n => n === 1))
    return 'The shade is the 95 % interval for this many validation images (Wilson), one seed.'
  if (seeds.every(n => n > 1))
    return `Curves are means over ${seeds.length === 1 ? `${seeds[0]} seeds` : 'the seeds'}; the shade spans the best and the worst of them.`
  return 'Curves are means over the seeds; the shade spans the best and the worst of them, or is the 95 % interval for this many validation images (Wilson) where there is one seed.'
}

function seriesOf(
  network: NetworkResult,
  index: number,
  curve: readonly CurvePoint[],
  at: (point: CurvePoint) => number,
  images: number,
): ChartSeries {
  const points = curve.map(point => {
    const { low, high } =
      point.errors.length > 1
        ? { low: Math.min(...point.errors), high: Math.max(...point.errors) }
        : wilsonInterval(point.error, images)
    return { x: at(point), y: point.error, low, high }
  })
  return {
    label: network.title,
    short: shortTitle(network),
    style: styleOfNetwork(network.network, index),
    points: points.sort((a, b) => a.x - b.x),
  }
}

function timeUnit(curves: readonly (readonly CurvePoint[])[]): { name: string; seconds: number } {
  const longest = Math.max(0, ...curves.flatMap(curve => curve.map(point => point.seconds)).filter(Number.isFinite))
  if (longest < 180) return { name: 'seconds', seconds: 1 }
  return longest < 3 * 3600 ? { name: 'minutes', seconds: 60 } : { name: 'hours', seconds: 3600 }
}

/** Where each curve begins and ends, in words. */
export const describeEnds = ({ x, y, series }: Pick<Chart, 'x' | 'y' | 'series'>): string =>
  series
    .map(s => {
      const [first, last] = [s.points[0], s.points.at(-1)]
      if (!first || !last) return `${s.label}: no data.`
      return `${s.label}: ${sayY(y, first.y)} at ${sayX(x, first.x)}, ${sayY(y, last.y)} at ${sayX(x, last.x)}.`
    })
    .join(' ')
