import { clamp, horizontalScale, type Scale, sayX, sayY, verticalScale, type YAxis } from './axis.js'
import { type Chart, type ChartPoint, type ChartSeries, drawable } from './chart.js'
import { separate } from './end-labels.js'
import { escapeText } from './markup.js'
import { colourOf, lightInk, type SeriesStyle } from './palette.js'
import { key, marker, type Place, round, stroke } from './stroke.js'

const width = 420
const size = 13
const labelGap = 16
/** Average advance of a sans-serif character as a share of its size; wide enough for the fonts in common use. */
const advance = 0.56

/** The rectangle of the curves, in units of the drawing. */
interface Plot {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/**
 * A line chart as one SVG element with title and description, 420 units wide. Colours are presentation attributes, so
 * that it is complete by itself, and carry classes, so that a page can restyle it. What belongs to one series is in
 * groups that carry its number, and `data-readout` holds what a page's script reads out. Points that cannot be drawn
 * are left out; with none left it says "no data".
 *
 * @param legend whether the names of the series are drawn above, for a picture that stands alone
 */
export function lineChart(chart: Chart, legend: 'drawn' | 'apart' = 'drawn'): string {
  const series = drawable(chart)
  const drawn = series.filter(s => s.points.length > 0)
  const rows = legend === 'drawn' ? legendRowsOf(series) : []
  const top = 30 + rows.length * 20
  const plot: Plot = { left: 52, top, right: width - endLabelRoom(chart.y, drawn), bottom: top + 232 }
  const height = plot.bottom + 44
  const parts = [
    // Browsers show a title beside the pointer, where the readout of a page stands already.
    ...(legend === 'drawn' ? [`<title>${escapeText(chart.title)}</title>`] : []),
    `<desc id="${escapeText(chart.id)}-desc">${escapeText(chart.description)}</desc>`,
    `<rect class="paper" width="${width}" height="${height}" fill="${lightInk.paper}"/>`,
    ...drawnLegend(rows),
  ]
  let readout = ''
  if (drawn.length === 0)
    parts.push(text((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2, 'no data', 'soft', 'middle'))
  else {
    const points = drawn.flatMap(s => s.points)
    const across = horizontalScale(
      chart.x,
      points.map(p => p.x),
    )
    const up = verticalScale(
      chart.y,
      points.map(p => p.y),
    )
    const frame = frameOf(plot, across, up)
    const at = series.map(s => s.points.map(p => ({ x: frame.x(p.x), y: frame.y(p.y) })))
    parts.push(...axes(plot, frame, across, up))
    parts.push(...grouped(series, i => band(series[i]!, frame, chart.y)))
    parts.push(...grouped(series, i => curve(at[i]!, series[i]!.style)))
    parts.push(...grouped(series, endLabels(chart.y, series, at, plot)))
    readout = ` data-readout="${escapeText(JSON.stringify(readoutOf(chart, series, at, plot)))}"`
  }
  parts.push(text((plot.left + plot.right) / 2, height - 8, chart.x.label, 'soft', 'middle'))
  parts.push(text(8, plot.top - 14, chart.y.label, 'soft', 'start'))
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-label="${escapeText(chart.title)}" aria-describedby="${escapeText(chart.id)}-desc" ` +
    `font-family="system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="${size}"${readout}>` +
    `${parts.join('')}</svg>`
  )
}

/** From values to units of the drawing. */
interface Frame {
  x(value: number): number
  y(value: number): number
}

const frameOf = (plot: Plot, across: Scale, up: Scale): Frame => ({
  x: value => plot.left + across.place(value) * (plot.right - plot.left),
  y: value => plot.bottom - up.place(value) * (plot.bottom - plot.top),
})

/** What a script shows at a point: where it is drawn, and its coordinates in words. */
interface Readout {
  readonly plot: Plot
  readonly series: readonly {
    readonly label: string
    readonly colour: number
    readonly points: readonly (readonly [x: number, y: number, saidX: string, saidY: string, interval: string])[]
  }[]
}

const readoutOf = (
  chart: Chart,
  series: readonly ChartSeries[],
  at: readonly (readonly Place[])[],
  plot: Plot,
): Readout => ({
  plot: { left: plot.left, top: plot.top, right: Number(round(plot.right)), bottom: plot.bottom },
  series: series.map((s, i) => ({
    label: s.short,
    colour: s.style.colour,
    points: s.points.map((p, k) => {
      const { x, y } = at[i]![k]!
      return [Number(round(x)), Number(round(y)), sayX(chart.x, p.x), sayY(chart.y, p.y), interval(chart.y, p)] as const
    }),
  })),
})

const interval = (y: YAxis, { low, high }: ChartPoint): string =>
  low === undefined || high === undefined
    ? ''
    : y.scale === 'percent'
      ? `(${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)})`
      : `(${sayY(y, low)} – ${sayY(y, high)})`

const widthOf = (words: string): number => words.length * size * advance

function axes(plot: Plot, frame: Frame, across: Scale, up: Scale): string[] {
  const horizontal = up.ticks.flatMap(({ at, words }, i) => [
    line(plot.left, frame.y(at), plot.right, frame.y(at), i === 0 ? 'axis' : 'line'),
    text(plot.left - 8, frame.y(at) + 4, words, 'soft', 'end'),
  ])
  const vertical = across.ticks.flatMap(({ at, words }) => [
    line(frame.x(at), plot.bottom, frame.x(at), plot.bottom + 4, 'axis'),
    text(frame.x(at), plot.bottom + 18, words, 'soft', 'middle'),
  ])
  return [...horizontal, ...vertical]
}

const grouped = (series: readonly ChartSeries[], of: (index: number) => string): string[] =>
  series.flatMap((_, i) => {
    const inside = of(i)
    return inside === '' ? [] : [`<g data-series="${i}">${inside}</g>`]
  })

const text = (x: number, y: number, words: string, kind: string, anchor: 'start' | 'middle' | 'end', fill?: string) =>
  `<text class="${kind}" x="${round(x)}" y="${round(y)}" fill="${fill ?? (kind === 'soft' ? lightInk.soft : lightInk.text)}" text-anchor="${anchor}">${escapeText(words)}</text>`

const line = (x1: number, y1: number, x2: number, y2: number, kind: 'line' | 'axis'): string =>
  `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${lightInk[kind]}"/>`

function curve(at: readonly Place[], style: SeriesStyle): string {
  const every = Math.ceil(at.length / 12)
  const markers = at.filter((_, i) => i === 0 || (at.length - 1 - i) % every === 0).map(p => marker(p, style))
  return stroke(at, style) + markers.join('')
}

function band({ points, style }: ChartSeries, frame: Frame, { scale }: YAxis): string {
  const known = points.flatMap(({ x, low, high }) =>
    low === undefined || high === undefined || (scale === 'log' && low <= 0) ? [] : [{ x, low, high }],
  )
  if (known.length < 2) return ''
  const upper = known.map(p => `${round(frame.x(p.x))} ${round(frame.y(p.high))}`)
  const lower = known.map(p => `${round(frame.x(p.x))} ${round(frame.y(p.low))}`).reverse()
  return `<path class="b${style.colour}" d="M${[...upper, ...lower].join('L')}Z" fill="${colourOf(style)}" fill-opacity="0.12"/>`
}

/** Beyond four curves there is no room for the numbers, which the legend's readout and the tables have. */
const endLabel = (y: YAxis, s: ChartSeries, curves: number): string =>
  curves > 4 ? s.short : `${s.short} ${sayY(y, s.points.at(-1)!.y)}`

const endLabelRoom = (y: YAxis, drawn: readonly ChartSeries[]): number =>
  clamp(Math.max(0, ...drawn.map(s => widthOf(endLabel(y, s, drawn.length)))) + 22, 24, width / 2.4)

/** The labels at the ends of the curves, kept apart; by the number of the series, empty where it has no point. */
function endLabels(
  y: YAxis,
  series: readonly ChartSeries[],
  at: readonly (readonly Place[])[],
  plot: Plot,
): (index: number) => string {
  const ends = at.flatMap((places, i) => {
    const end = places.at(-1)
    return end ? [{ i, end }] : []
  })
  const places = separate(
    ends.map(({ end }) => end.y),
    labelGap,
    plot.top + 4,
    plot.bottom - 4,
  )
  const labels = new Map(
    ends.map(({ i, end }, k) => {
      const s = series[i]!
      const at = places[k]!
      const apart = plot.right - end.x > 8 || Math.abs(at - end.y) > 3
      const colour = colourOf(s.style)
      const leader = apart
        ? `<path class="c${s.style.colour}" d="M${round(end.x + 6)} ${round(end.y)}L${round(plot.right + 15)} ${round(at)}" fill="none" stroke="${colour}" stroke-width="0.9" stroke-opacity="0.8"${end.x < plot.right - 8 ? ' stroke-dasharray="1 3.5"' : ''}/>`
        : ''
      const words = endLabel(y, s, ends.length)
      return [i, leader + text(plot.right + 18, at + 4, words, `c${s.style.colour}`, 'start', colour)] as const
    }),
  )
  return index => labels.get(index) ?? ''
}

type LegendRow = readonly { readonly series: ChartSeries; readonly x: number }[]

/** The name of a series in a legend. */
export const legendLabel = (s: ChartSeries): string => (s.points.length > 0 ? s.label : `${s.label} (no data)`)

/** Entries in columns of equal width, as many as fit, each 30 units of key and then its label. */
function legendRowsOf(series: readonly ChartSeries[]): LegendRow[] {
  const column = 38 + Math.max(0, ...series.map(s => widthOf(legendLabel(s)))) + 16
  const columns = clamp(Math.floor((width - 8) / column), 1, Math.max(1, series.length))
  const rows: LegendRow[] = []
  for (let i = 0; i < series.length; i += columns)
    rows.push(series.slice(i, i + columns).map((s, k) => ({ series: s, x: 8 + k * column })))
  return rows
}

const drawnLegend = (rows: readonly LegendRow[]): string[] =>
  rows.flatMap((row, i) =>
    row.flatMap(({ series, x }) => {
      const y = 14 + i * 20
      return [key(x, y, series.style), text(x + 38, y + 4, legendLabel(series), 'ink', 'start')]
    }),
  )
