import { type CsvCell, encodeCsv } from '../formats/csv.js'
import { wilsonInterval } from './intervals.js'
import type { Scores } from './scores.js'

/** What was evaluated and how: a model, or an ensemble of several. Null is what is not known or not the same for all. */
export interface Subject {
  readonly model: string
  readonly parameters: number
  /** Side of the input in pixels. */
  readonly size: number | null
  /** The share of each side that the single crop keeps. */
  readonly cropShare: number | null
  /** How images are resized. */
  readonly interpolation: string | null
  /** The crops in words. */
  readonly crops: string
  /** How many models are averaged; 1 for a model by itself. */
  readonly members: number
  /** Of the training run; several with spaces between. */
  readonly seed: string | null
  /** SHA-256 of the file with the weights; several with spaces between. */
  readonly weights: string
}

/** One line of a table of results. */
export interface RowSource extends Subject {
  /** Which images: 'all', or the name of a subset. */
  readonly subset: string
  readonly scores: Pick<Scores, 'top1Error' | 'top5Error' | 'images'>
  /** Images left out because they could not be read. */
  readonly badImages: number
  readonly precision: string
  readonly backend: string
}

interface Column {
  readonly name: string
  readonly of: (row: RowSource) => CsvCell
  /** Digits after the point, as in timm's tables; numbers without are whole. */
  readonly decimals?: number
}

const percentage = (of: (row: RowSource) => number) => ({ decimals: 3, of: (row: RowSource) => 100 * of(row) })
const accuracy = (error: (row: RowSource) => number) => percentage(row => 1 - error(row))
const interval = (key: 'top1Error' | 'top5Error') => (row: RowSource) =>
  wilsonInterval(row.scores[key], row.scores.images)

/**
 * The columns of timm's results (huggingface/pytorch-image-models, results/results-imagenet.csv), by name and unit:
 * percentages of images, parameters in millions. Then ours; `…_low` and `…_high` are the 95 % interval of the accuracy.
 */
const columns = [
  { name: 'model', of: row => row.model },
  { name: 'top1', ...accuracy(row => row.scores.top1Error) },
  { name: 'top1_err', ...percentage(row => row.scores.top1Error) },
  { name: 'top5', ...accuracy(row => row.scores.top5Error) },
  { name: 'top5_err', ...percentage(row => row.scores.top5Error) },
  { name: 'param_count', decimals: 2, of: row => row.parameters / 1e6 },
  { name: 'img_size', of: row => row.size },
  { name: 'crop_pct', decimals: 3, of: row => row.cropShare },
  { name: 'interpolation', of: row => row.interpolation },
  { name: 'top1_low', ...accuracy(row => interval('top1Error')(row).high) },
  { name: 'top1_high', ...accuracy(row => interval('top1Error')(row).low) },
  { name: 'top5_low', ...accuracy(row => interval('top5Error')(row).high) },
  { name: 'top5_high', ...accuracy(row => interval('top5Error')(row).low) },
  { name: 'crops', of: row => row.crops },
  { name: 'ensemble', of: row => row.members },
  { name: 'subset', of: row => row.subset },
  { name: 'images', of: row => row.scores.images },
  { name: 'images_bad', of: row => row.badImages },
  { name: 'seed', of: row => row.seed },
  { name: 'weights_sha256', of: row => row.weights },
  { name: 'precision', of: row => row.precision },
  { name: 'backend', of: row => row.backend },
] as const satisfies readonly Column[]

/** A row by its columns' names, numbers rounded as they are written. */
export type Row = { readonly [Name in (typeof columns)[number]['name']]: CsvCell }

export const rowFrom = (source: RowSource): Row =>
  Object.fromEntries(columns.map((column: Column) => [column.name, rounded(column, source)])) as Row

/** Rows as CSV, with the decimals of timm's tables. */
export const rowsAsCsv = (rows: readonly Row[]): string =>
  encodeCsv(
    columns.map(column => column.name),
    rows.map(row => columns.map((column: Column & { name: keyof Row }) => written(column, row[column.name]))),
  )

const rounded = (column: Column, source: RowSource): CsvCell => {
  const cell = column.of(source)
  return typeof cell === 'number' && column.decimals !== undefined ? Number(cell.toFixed(column.decimals)) : cell
}

const written = ({ decimals }: Column, cell: CsvCell): CsvCell =>
  typeof cell === 'number' && decimals !== undefined ? cell.toFixed(decimals) : cell

/** Several models as one: 'inception-v4 + 3 × inception-resnet-v2'. */
export function ensembleOf(members: readonly Subject[]): Subject {
  const counts = new Map<string, number>()
  for (const { model } of members) counts.set(model, (counts.get(model) ?? 0) + 1)
  const seeds = members.map(member => member.seed)
  return {
    model: [...counts].map(([model, count]) => (count === 1 ? model : `${count} × ${model}`)).join(' + '),
    parameters: members.reduce((sum, member) => sum + member.parameters, 0),
    size: common(members.map(member => member.size)),
    cropShare: common(members.map(member => member.cropShare)),
    interpolation: common(members.map(member => member.interpolation)),
    crops: [...new Set(members.map(member => member.crops))].join('; '),
    members: members.length,
    seed: seeds.includes(null) ? null : seeds.join(' '),
    weights: members.map(member => member.weights).join(' '),
  }
}

/** The value that all have; null when they differ. */
const common = <T>(values: readonly (T | null)[]): T | null =>
  values.every(value => value === values[0]) ? (values[0] ?? null) : null
