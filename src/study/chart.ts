import { escapeText } from './markup.js'

/** How one curve is drawn. Colour, dash and marker each tell the curves apart alone. */
export interface SeriesStyle {
  /** Index of the colour, 0 … 5; also the class `c0` … `c5` a page's stylesheet may recolour. */
  readonly colour: number
  readonly dash: 'solid' | 'dashed' | 'dotted' | 'dash-dotted'
  readonly marker: 'circle' | 'square' | 'triangle' | 'diamond'
}

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
  readonly xLabel: string
  readonly yLabel: string
  /** Ticks of x are whole numbers, as epochs are. */
  readonly wholeX: boolean
  /** Where the x axis begins; the first point when absent. */
  readonly fromX?: number
  readonly series: readonly ChartSeries[]
}

/**
 * Colours on white that stay apart under the common colour deficiencies (darkened from Okabe and Ito's palette, so that
 * they also pass as text), and their counterparts on a dark page.
 */
export const lightColours = ['#b04a00', '#00609c', '#96306c', '#00704f', '#6b5900', '#4a4a8f'] as const
export const darkColours = ['#f59a5c', '#6bbcf2', '#eaa0cb', '#4fcf9f', '#d9c25a', '#b3b0f2'] as const
export const lightInk = {
  text: '#2a2a28',
  soft: '#63635e',
  line: '#dcdcd6',
  axis: '#8a8a84',
  paper: '#ffffff',
} as const

const dashes = { solid: '', dashed: '7 4', dotted: '1.5 4', 'dash-dotted': '9 4 1.5 4' } as const
const width = 480
const size = 13
const labelGap = 16
/** Average advance of a sans-serif character as a share of its size; wide enough for the fonts in common use. */
const advance = 0.56

/**
 * A line chart as one SVG element with title and description, 480 units wide. Colours are presentation attributes, so
 * that it is complete by itself, and carry classes, so that a page can restyle it. `y` runs over fractions 0 … 1, shown
 * as percentages. Points that are not finite are left out; with none left it says "no data".
 */
export function lineChart(chart: Chart): string {
  const series = chart.series.map(s => ({
    ...s,
    points: s.points.filter(p => Number.isFinite(p.x) && Number.isFinite(p.y)),
  }))
  const drawn = series.filter(s => s.points.length > 0)
  const legendRows = legendRowsOf(chart.series)
  const top = 36 + legendRows.length * 20
  const plot = { left: 48, top, right: width - endLabelRoom(drawn), bottom: top + 256 }
  const height = plot.bottom + 46
  const xs = drawn.flatMap(s => s.points.map(p => p.x))
  const [xMin, xMax] = spread(chart.fromX ?? Math.min(...xs), Math.max(...xs), chart.wholeX)
  const yTicks = verticalTicks(drawn.flatMap(s => s.points))
  const [yMin, yMax] = [yTicks[0]!, yTicks.at(-1)!]
  const x = (value: number) => plot.left + ((value - xMin) / (xMax - xMin)) * (plot.right - plot.left)
  const y = (value: number) =>
    plot.bottom - ((clamp(value, yMin, yMax) - yMin) / (yMax - yMin)) * (plot.bottom - plot.top)
  const xTicks = horizontalTicks(xMin, xMax, chart.wholeX)
  const percent = percentDecimals(yTicks)

  const parts = [
    `<title id="${escapeText(chart.id)}-title">${escapeText(chart.title)}</title>`,
    `<desc id="${escapeText(chart.id)}-desc">${escapeText(chart.description)}</desc>`,
    `<rect class="paper" width="${width}" height="${height}" fill="${lightInk.paper}"/>`,
    ...legend(legendRows),
  ]
  if (drawn.length === 0)
    parts.push(text((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2, 'no data', 'soft', 'middle'))
  else {
    for (const t of yTicks) {
      parts.push(line(plot.left, y(t), plot.right, y(t), t === yMin ? 'axis' : 'line'))
      parts.push(text(plot.left - 8, y(t) + 4, `${(100 * t).toFixed(percent)} %`, 'soft', 'end'))
    }
    for (const t of xTicks) {
      parts.push(line(x(t), plot.bottom, x(t), plot.bottom + 4, 'axis'))
      parts.push(text(x(t), plot.bottom + 18, plain(t), 'soft', 'middle'))
    }
    const at = drawn.map(s => s.points.map(p => ({ x: x(p.x), y: y(p.y), low: p.low, high: p.high })))
    drawn.forEach((s, i) => {
      parts.push(...band(at[i]!, s.style, y))
    })
    drawn.forEach((s, i) => {
      parts.push(...curve(at[i]!, s.style))
    })
    parts.push(...endLabels(drawn, at, plot))
  }
  parts.push(text((plot.left + plot.right) / 2, height - 8, chart.xLabel, 'soft', 'middle'))
  parts.push(text(8, plot.top - 14, chart.yLabel, 'soft', 'start'))
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
    `aria-labelledby="${escapeText(chart.id)}-title ${escapeText(chart.id)}-desc" ` +
    `font-family="system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="${size}">` +
    `${parts.join('')}</svg>`
  )
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))
const round = (value: number): string => `${Math.round(value * 100) / 100}`
const plain = (value: number): string => `${Number(value.toPrecision(6))}`
const widthOf = (words: string): number => words.length * size * advance

/** A range never empty: one point gets room around it, one moment in time room after it. */
function spread(low: number, high: number, whole: boolean): [number, number] {
  if (high - low > 1e-3 * Math.max(1, Math.abs(high))) return [low, high]
  return whole ? [low - 1, high + 1] : [low, high + Math.max(1, low)]
}

/** Round numbers at about `count` steps that enclose `low` … `high`. */
export function ticks(low: number, high: number, count: number, whole = false): number[] {
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(m => m * power).find(s => s >= rough * 0.999 && (!whole || Number.isInteger(s)))
  const chosen = whole ? Math.max(1, step ?? 1) : (step ?? 10 * power)
  const first = Math.floor(low / chosen + 1e-9)
  const last = Math.ceil(high / chosen - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * chosen).toPrecision(12)))
}

/** Those inside the axis, and the first epoch where there is room for it. */
function horizontalTicks(low: number, high: number, whole: boolean): number[] {
  const inside = ticks(low, high, 6, whole).filter(t => t >= low && t <= high)
  const first = inside[0] ?? high
  return whole && Number.isInteger(low) && first - low > 0.06 * (high - low) ? [low, ...inside] : inside
}

/** From zero when the curves come near it, so that a small difference is not made to look large. */
function verticalTicks(points: readonly ChartPoint[]): number[] {
  if (points.length === 0) return [0, 1]
  const low = Math.min(...points.map(p => p.y))
  const high = Math.max(...points.map(p => p.y), 0.001)
  const from = low < 0.5 * high || high - low < 1e-6 ? 0 : low
  return ticks(from, high, 5)
}

const percentDecimals = (values: readonly number[]): number => {
  for (const decimals of [0, 1, 2]) {
    const rounded = values.map(v => (100 * v).toFixed(decimals))
    if (
      new Set(rounded).size === values.length &&
      values.every((v, i) => Math.abs(100 * v - Number(rounded[i])) < 1e-6)
    )
      return decimals
  }
  return 3
}

const text = (x: number, y: number, words: string, kind: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text class="${kind}" x="${round(x)}" y="${round(y)}" fill="${inkOf(kind)}" text-anchor="${anchor}">${escapeText(words)}</text>`

const line = (x1: number, y1: number, x2: number, y2: number, kind: 'line' | 'axis'): string =>
  `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${lightInk[kind]}"/>`

const inkOf = (kind: string): string => {
  if (kind === 'soft') return lightInk.soft
  const colour = /^c(\d)$/.exec(kind)?.[1]
  return colour === undefined ? lightInk.text : colourOf(Number(colour))
}

const colourOf = (index: number): string => lightColours[index % lightColours.length]!

interface Place {
  readonly x: number
  readonly y: number
  readonly low?: number | undefined
  readonly high?: number | undefined
}

function curve(at: readonly Place[], style: SeriesStyle): string[] {
  const colour = colourOf(style.colour)
  const dash = dashes[style.dash]
  const path = at.map((p, i) => `${i === 0 ? 'M' : 'L'}${round(p.x)} ${round(p.y)}`).join('')
  const stroke =
    at.length > 1
      ? [
          `<path class="c${style.colour}" d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"${dash && ` stroke-dasharray="${dash}"`}/>`,
        ]
      : []
  const every = Math.ceil(at.length / 12)
  const markers = at.filter((_, i) => i === 0 || (at.length - 1 - i) % every === 0).map(p => marker(p, style))
  return [...stroke, ...markers]
}

function marker(p: Place, style: SeriesStyle): string {
  const [x, y] = [p.x, p.y]
  const shape = {
    circle: `<circle cx="${round(x)}" cy="${round(y)}" r="3.4"`,
    square: `<rect x="${round(x - 3.1)}" y="${round(y - 3.1)}" width="6.2" height="6.2"`,
    triangle: `<path d="M${round(x)} ${round(y - 4.2)}l4 7h-8z"`,
    diamond: `<path d="M${round(x)} ${round(y - 4.5)}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"`,
  }[style.marker]
  const hollow = style.dash !== 'solid'
  const colour = colourOf(style.colour)
  return `${shape} class="m${style.colour}${hollow ? ' hollow' : ''}" fill="${hollow ? lightInk.paper : colour}" stroke="${colour}" stroke-width="1.5"/>`
}

function band(at: readonly Place[], style: SeriesStyle, y: (value: number) => number): string[] {
  const known = at.flatMap(p =>
    p.low === undefined || p.high === undefined ? [] : [{ x: p.x, low: y(p.low), high: y(p.high) }],
  )
  if (known.length < 2) return []
  const upper = known.map(p => `${round(p.x)} ${round(p.high)}`)
  const lower = known.map(p => `${round(p.x)} ${round(p.low)}`).reverse()
  return [
    `<path class="b${style.colour}" d="M${[...upper, ...lower].join('L')}Z" fill="${colourOf(style.colour)}" fill-opacity="0.12"/>`,
  ]
}

const endLabel = (s: ChartSeries): string => `${s.short} ${(100 * s.points.at(-1)!.y).toFixed(1)} %`

const endLabelRoom = (drawn: readonly ChartSeries[]): number =>
  clamp(Math.max(0, ...drawn.map(s => widthOf(endLabel(s)))) + 22, 24, width / 2.4)

/**
 * Places for labels wanted at `wanted`, in the same order: at least `gap` apart, within `low` … `high` as far as they
 * fit, and moved no further than that takes.
 */
export function separate(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b)
  // Runs of labels that touch move as one, centred on the mean of what they want.
  const runs: { members: number[]; start: number }[] = []
  for (const i of order) {
    runs.push({ members: [i], start: wanted[i]! })
    for (;;) {
      const last = runs.at(-1)!
      const mean = last.members.reduce((sum, m) => sum + wanted[m]!, 0) / last.members.length
      last.start = clamp(
        mean - ((last.members.length - 1) * gap) / 2,
        low,
        Math.max(low, high - (last.members.length - 1) * gap),
      )
      const before = runs.at(-2)
      if (!before || before.start + before.members.length * gap <= last.start + 1e-9) break
      before.members.push(...last.members)
      runs.pop()
    }
  }
  const places = [...wanted]
  for (const run of runs)
    run.members.forEach((m, i) => {
      places[m] = run.start + i * gap
    })
  return places
}

function endLabels(
  drawn: readonly ChartSeries[],
  at: readonly (readonly Place[])[],
  plot: { readonly top: number; readonly right: number; readonly bottom: number },
): string[] {
  const ends = at.map(places => places.at(-1)!)
  const places = separate(
    ends.map(p => p.y),
    labelGap,
    plot.top + 4,
    plot.bottom - 4,
  )
  return drawn.flatMap((s, i) => {
    const [end, y] = [ends[i]!, places[i]!]
    const apart = plot.right - end.x > 8 || Math.abs(y - end.y) > 3
    const leader = apart
      ? [
          `<path class="c${s.style.colour}" d="M${round(end.x + 6)} ${round(end.y)}L${round(plot.right + 15)} ${round(y)}" fill="none" stroke="${colourOf(s.style.colour)}" stroke-width="0.9" stroke-opacity="0.8"${end.x < plot.right - 8 ? ' stroke-dasharray="1 3.5"' : ''}/>`,
        ]
      : []
    return [...leader, text(plot.right + 18, y + 4, endLabel(s), `c${s.style.colour}`, 'start')]
  })
}

type Legend = readonly { readonly series: ChartSeries; readonly x: number }[]

const legendLabel = (s: ChartSeries): string =>
  s.points.some(p => Number.isFinite(p.x) && Number.isFinite(p.y)) ? s.label : `${s.label} (no data)`

/** Entries in columns of equal width, as many as fit, each 30 units of sample and then its label. */
function legendRowsOf(series: readonly ChartSeries[]): Legend[] {
  const column = 38 + Math.max(0, ...series.map(s => widthOf(legendLabel(s)))) + 16
  const columns = clamp(Math.floor((width - 8) / column), 1, Math.max(1, series.length))
  const rows: Legend[] = []
  for (let i = 0; i < series.length; i += columns)
    rows.push(series.slice(i, i + columns).map((s, k) => ({ series: s, x: 8 + k * column })))
  return rows
}

const legend = (rows: readonly Legend[]): string[] =>
  rows.flatMap((row, i) =>
    row.flatMap(({ series, x }) => {
      const y = 14 + i * 20
      const sample = [x, x + 15, x + 30].map(at => ({ x: at, y }))
      const [stroke = ''] = curve(sample, series.style)
      return [stroke, marker(sample[1]!, series.style), text(x + 38, y + 4, legendLabel(series), 'ink', 'start')]
    }),
  )
