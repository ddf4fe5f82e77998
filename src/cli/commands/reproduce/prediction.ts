import { formatBytes, formatCount, formatDays, formatTable } from '../../../base/format.js'
import type { LabelNumbering } from '../../../data/sources/class-names.js'
import { openTrainingData } from '../../../data/sources/open.js'
import {
  type DataCounts,
  type Forecast,
  type ForecastOptions,
  forecast,
  imagenetCounts,
} from '../../../study/forecast.js'
import { lookingThrough } from '../../looking-through.js'

/** Measures, and prints what the study will take. Errors: UserError when the data folder cannot be read. */
export async function predict(
  options: Omit<ForecastOptions, 'counts'> & { readonly data: string | undefined; readonly labels: LabelNumbering },
): Promise<void> {
  const counts = await countsOf(options)
  const predicted = await forecast({ ...options, counts })
  const images = `${formatCount(counts.train)} training and ${formatCount(counts.val)} validation images`
  console.log(`Predicted for ${images} of ${formatCount(counts.classes)} classes, from a few steps of each network:\n`)
  console.log(tableOf(predicted))
  const { atOnce, seconds, bytes, imageBytes, diskBytes } = predicted
  const side = atOnce > 1 ? `, ${atOnce} runs at a time` : ''
  console.log(
    `\nAbout ${formatDays(seconds)} in all${side}, ${formatBytes(bytes)} of memory and at most ${formatBytes(imageBytes)} for images, ${formatBytes(diskBytes)} of disk for checkpoints. Kernels that are chosen by measurement make it somewhat faster; what decoding takes, 'inception bench data' says.\n`,
  )
}

async function countsOf({ preset, data, labels }: Parameters<typeof predict>[0]): Promise<DataCounts> {
  if (data === undefined) return preset.synth ?? imagenetCounts
  const { train, val } = await lookingThrough(options => openTrainingData(data, { ...options, labels }))
  return { train: train.items.length, val: val.items.length, classes: train.classes.length }
}

const tableOf = ({ rows }: Forecast): string =>
  formatTable(
    ['network', 'runs', 'steps a run', 'step', 'training', 'evaluation', 'memory'],
    rows.map(row => [
      row.what,
      `${row.runs}`,
      formatCount(row.steps),
      `${formatCount(row.stepMilliseconds)} ms`,
      formatDays(row.trainingSeconds),
      formatDays(row.evaluationSeconds),
      formatBytes(row.bytes),
    ]),
  )
