import { formatCount, formatPercent } from '../../base/format.js'
import type { InstabilityResult, InstabilitySetting, StudyResult, WatchPoint } from '../result.js'
import { sayY, type YAxis } from './axis.js'
import type { Chart, ChartPoint } from './chart.js'
import { describeEnds } from './error-figures.js'
import type { Figure } from './figure.js'
import { styleAt } from './palette.js'
import { measured, missing, type Table } from './table.js'

interface Watched {
  readonly id: string
  readonly title: string
  readonly y: YAxis
  of(point: WatchPoint): number | null
}

const watched: readonly Watched[] = [
  {
    id: 'zeros',
    title: 'Zeros in the last layer before pooling',
    y: { label: 'zeros in the last layer before pooling', scale: 'percent', range: [0, 1] },
    of: point => point.zeroShare,
  },
  {
    id: 'magnitude',
    title: 'Magnitude of the last layer before pooling',
    y: { label: 'magnitude of the last layer before pooling', scale: 'log' },
    of: point => point.magnitude,
  },
  {
    id: 'residuals',
    title: 'Largest ratio of a scaled residual to what it is added to',
    y: { label: 'largest residual, relative to what it is added to', scale: 'log' },
    of: point => point.residualRatio,
  },
  { id: 'loss', title: 'Training loss', y: { label: 'training loss', scale: 'log' }, of: point => point.loss },
]

/** What was seen while the settings trained, by step; quantities that were never seen are left out. */
export function instabilityFigures({ instability }: StudyResult): Figure[] {
  if (!instability || instability.settings.every(setting => setting.runs.every(run => run.trace.length === 0)))
    return []
  const charts = watched
    .map(each => chartOf(instability, each))
    .filter(chart => chart.series.some(s => s.points.length > 0))
  const several = instability.settings.some(setting => setting.runs.length > 1)
  return [
    {
      id: 'instability-by-step',
      title: `${instability.title} with ${formatCount(instability.filters)} filters, by residual scale and remedy`,
      caption: `What each setting showed while it trained.${several ? ' Curves are of the first seed; the shade spans all seeds that were still training.' : ''} A curve ends where the run ended. Zeros have no place on a logarithmic axis and are left out there.`,
      charts,
    },
  ]
}

function chartOf({ settings, steps }: InstabilityResult, { id, title, y, of }: Watched): Chart {
  const x = { label: 'step', unit: 'step', whole: true, from: 0 } as const
  const series = settings.map((setting, i) => ({
    label: setting.title,
    short: shortOf(setting),
    style: styleAt(i),
    points: thinned(pointsOf(setting, y, of)),
  }))
  return {
    id: `instability-${id}`,
    title: `${title}, by step`,
    description: `Up to ${formatCount(steps)} steps. ${describeEnds({ x, y, series })}`,
    x,
    y,
    series,
  }
}

function shortOf({ residualScale, remedy }: InstabilitySetting): string {
  const words = { 'lower learning rate': ' low rate', 'extra batch norm': ' norm', 'warm-up': ' warm-up' } as const
  return `×${Number(residualScale.toPrecision(3))}${remedy === null ? '' : words[remedy]}`
}

/** What the first run showed, with the least and the most that any run showed at the same step. */
function pointsOf({ runs }: InstabilitySetting, y: YAxis, of: Watched['of']): ChartPoint[] {
  const shown = runs.map(run => run.trace.filter(point => isShown(of(point), y)))
  const byStep = new Map<number, number[]>()
  for (const point of shown.flat()) byStep.set(point.step, [...(byStep.get(point.step) ?? []), of(point)!])
  return (shown[0] ?? []).map(point => {
    const values = byStep.get(point.step)!
    return {
      x: point.step,
      y: of(point)!,
      ...(runs.length > 1 && { low: Math.min(...values), high: Math.max(...values) }),
    }
  })
}

const isShown = (value: number | null, { scale }: YAxis): boolean =>
  value !== null && Number.isFinite(value) && (scale !== 'log' || value > 0)

/** At most some 200 points, evenly, the last among them: more cannot be told apart in a chart. */
const thinned = (points: readonly ChartPoint[]): ChartPoint[] => {
  const every = Math.ceil(points.length / 200)
  return points.filter((_, i) => i === 0 || (points.length - 1 - i) % every === 0)
}

export function instabilityTables({ instability }: StudyResult): Table[] {
  if (!instability) return []
  const { settings, title, filters, model, steps } = instability
  const outcomes: Table = {
    id: 'instability',
    caption: 'How each setting ended',
    header: [
      'Setting',
      'Scale',
      'Seed',
      'Outcome',
      'At step',
      'Loss',
      'Zeros',
      'Magnitude',
      'Largest residual ratio',
      'Note',
    ],
    rows: settings.flatMap(setting => (setting.runs.length > 0 ? runRows(setting) : [notRun(setting)])),
    notes: [
      `${title}, ${model}; ${formatCount(filters)} filters in the widest sum; ${formatCount(steps)} steps planned. “Died”: the last layer before pooling gives only zeros; “diverged”: the loss is not finite. Loss, zeros, magnitude and ratio are those of the last look; zeros and magnitude (root mean square) of the last layer before pooling. The recipe stands with the study’s below.`,
    ],
    prose: [9],
  }
  return outcomes.rows.length > 0 ? [outcomes] : []
}

function runRows(setting: InstabilitySetting): string[][] {
  const number = { label: '', scale: 'number' } as const
  return setting.runs.map(run => {
    const last = run.trace.at(-1)
    const said = (value: number | null | undefined) => measured(value, n => sayY(number, n))
    return [
      setting.title,
      `${Number(setting.residualScale.toPrecision(3))}`,
      `${run.seed}`,
      run.outcome,
      formatCount(run.step),
      said(last?.loss),
      measured(last?.zeroShare, formatPercent),
      said(last?.magnitude),
      said(last?.residualRatio),
      run.note ?? '',
    ]
  })
}

const notRun = (setting: InstabilitySetting): string[] => [
  setting.title,
  `${Number(setting.residualScale.toPrecision(3))}`,
  missing,
  'not run',
  ...Array<string>(5).fill(missing),
  '',
]
