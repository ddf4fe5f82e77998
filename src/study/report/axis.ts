import { formatCount, formatPercent } from '../../base/format.js'

export interface XAxis {
  readonly label: string
  /** Whole numbers are read as "epoch 7", others as "3.2 minutes". */
  readonly unit: string
  /** Ticks are whole numbers, as epochs are. */
  readonly whole: boolean
  /** Where the axis begins; the first point when absent. */
  readonly from?: number
}

export interface YAxis {
  readonly label: string
  /** Fractions shown as percentages, numbers, or numbers above zero on a logarithmic axis. */
  readonly scale: 'percent' | 'number' | 'log'
  /** What the axis spans at least. */
  readonly range?: readonly [low: number, high: number]
}

/** What an axis shows: from the first to the last of its ends, with ticks that carry words. */
export interface Scale {
  readonly ticks: readonly { readonly at: number; readonly words: string }[]
  /** The share 0 … 1 of the axis at which a value stands. */
  place(value: number): number
}

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

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

const linear = (low: number, high: number) => (value: number) => clamp((value - low) / (high - low), 0, 1)

export function horizontalScale(axis: XAxis, values: readonly number[]): Scale {
  const [low, high] = spread(axis.from ?? Math.min(...values), Math.max(...values), axis.whole)
  const inside = ticks(low, high, 6, axis.whole).filter(t => t >= low && t <= high)
  const first = inside[0] ?? high
  // The first epoch, where there is room for it.
  const shown = axis.whole && Number.isInteger(low) && first - low > 0.06 * (high - low) ? [low, ...inside] : inside
  return {
    ticks: shown.map(at => ({ at, words: plain(at) })),
    place: linear(low, high),
  }
}

/** A range never empty: one point gets room around it, one moment in time room after it. */
function spread(low: number, high: number, whole: boolean): [number, number] {
  if (high - low > 1e-3 * Math.max(1, Math.abs(high))) return [low, high]
  return whole ? [low - 1, high + 1] : [low, high + Math.max(1, low)]
}

export function verticalScale({ scale, range }: YAxis, values: readonly number[]): Scale {
  const all = [...values, ...(range ?? [])]
  if (scale === 'log') return logarithmic(all)
  const shown = verticalTicks(all)
  const decimals = percentDecimals(shown)
  return {
    ticks: shown.map(at => ({ at, words: scale === 'percent' ? `${(100 * at).toFixed(decimals)} %` : plain(at) })),
    place: linear(shown[0]!, shown.at(-1)!),
  }
}

/** From zero when the curves come near it, so that a small difference is not made to look large. */
function verticalTicks(values: readonly number[]): number[] {
  const low = Math.min(...values)
  const high = Math.max(...values, 0.001)
  const from = low >= 0 && (low < 0.5 * high || high - low < 1e-6) ? 0 : low
  return ticks(from, high, 5)
}

/** Whole powers of ten that enclose the values, at most about six of them named. */
function logarithmic(values: readonly number[]): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const above = Math.ceil(Math.log10(Math.max(...values)) - 1e-9)
  const step = Math.max(1, Math.ceil((above - low) / 6))
  const count = Math.max(1, Math.ceil((above - low) / step))
  const high = low + count * step
  return {
    ticks: Array.from({ length: count + 1 }, (_, i) => {
      const exponent = low + i * step
      return { at: 10 ** exponent, words: powerOfTen(exponent) }
    }),
    place: value => clamp((Math.log10(value) - low) / (high - low), 0, 1),
  }
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

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const raised = (exponent: number): string =>
  String(exponent).replace(/[-\d]/g, digit => (digit === '-' ? '⁻' : superscripts[Number(digit)]!))

const powerOfTen = (exponent: number): string =>
  exponent >= -3 && exponent <= 4 ? plain(10 ** exponent) : `10${raised(exponent)}`

/** 0.5, 120, 12,000, 3.2×10⁻⁷. */
function plain(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e7 || (size > 0 && size < 1e-3)) {
    const [digits, exponent] = value.toExponential(2).split('e')
    return `${Number(digits)}×10${raised(Number(exponent))}`
  }
  return size >= 1e4 ? formatCount(value) : `${Number(value.toPrecision(6))}`
}

/** A value as the axis would say it, to three digits. */
export const sayY = ({ scale }: YAxis, value: number): string =>
  scale === 'percent' ? formatPercent(value) : plain(Number(value.toPrecision(3)))

/** "epoch 7", "3.21 minutes". */
export const sayX = ({ whole, unit }: XAxis, value: number): string =>
  whole ? `${unit} ${plain(value)}` : `${plain(Number(value.toPrecision(3)))} ${unit}`
