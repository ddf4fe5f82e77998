import type { XAxis, YAxis } from './axis.js'
import type { SeriesStyle } from './palette.js'

export interface ChartPoint {
  readonly x: number
  readonly y: number
  /** An interval around `y`, drawn as a faint band. */
  readonly low?: number
  readonly high?: number
}

export interface ChartSeries {
  readonly label: string
  /** Stands at the end of the curve; at most about ten characters. */
  readonly short: string
  readonly style: SeriesStyle
  /** In order of x. */
  readonly points: readonly ChartPoint[]
}

export interface Chart {
  /** Unique in the page, usable as an element's id and as a file name. */
  readonly id: string
  readonly title: string
  readonly description: string
  readonly x: XAxis
  readonly y: YAxis
  readonly series: readonly ChartSeries[]
}

/** The series with the points that `chart` can show: finite, and above zero on a logarithmic axis. */
export const drawable = ({ series, y }: Chart): ChartSeries[] =>
  series.map(each => ({
    ...each,
    points: each.points.filter(p => Number.isFinite(p.x) && Number.isFinite(p.y) && (y.scale !== 'log' || p.y > 0)),
  }))
