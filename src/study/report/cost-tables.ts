import { formatBytes, formatCount, formatDuration, formatPercent, formatSi } from '../../base/format.js'
import type { Footprint, FootprintResult, NetworkResult, RunResult, StudyResult } from '../result.js'
import { formatMore, formatStep, meanOfMeasured, measured, type Table } from './table.js'

/** What batch norm on top of the residual sums costs, for the networks measured with and without it. */
export function sumNormTable({ footprint }: StudyResult): Table[] {
  if (!footprint) return []
  const rows = footprint.withSumNorms.flatMap(heavier => {
    const light = footprint.networks.find(each => each.network === heavier.network)
    if (!light) return []
    const row = (what: string, of: (each: Footprint) => number, say: (value: number) => string) => [
      light.title,
      what,
      measured(of(light), say),
      measured(of(heavier), say),
      formatMore(of(light), of(heavier)),
    ]
    return [
      row('memory, measured', each => each.measuredBytes, formatBytes),
      row('memory, planned', each => each.plannedBytes, formatBytes),
      row('time of a step', each => each.stepMilliseconds, formatStep),
    ]
  })
  if (rows.length === 0) return []
  return [
    {
      id: 'sum-norms',
      caption: 'A training step without and with batch norm on top of every residual sum',
      header: ['Network', 'Cost', 'Without', 'With', 'Difference'],
      rows,
      notes: [conditions(footprint)],
    },
  ]
}

const conditions = ({ size, batch, threads }: FootprintResult): string =>
  `At ${size}×${size} pixels, batch ${batch}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, each network in a process of its own. Planned memory is what the program lays out; measured is the largest resident memory of the process less what it had before.`

/** What the networks cost at their published size, and at the study's. */
export const costTables = (result: StudyResult): Table[] =>
  [publishedSizeTable(result), studySizeTable(result)].flatMap(table => (table && table.rows.length > 0 ? [table] : []))

function publishedSizeTable({ footprint }: StudyResult): Table | undefined {
  if (!footprint) return undefined
  return {
    id: 'footprint',
    caption: 'At the published size',
    header: ['Network', 'Parameters', 'Multiply-adds', 'Step', 'Memory, measured', 'Memory, planned'],
    rows: footprint.networks.map(each => [
      each.title,
      formatCount(each.parameters),
      formatSi(each.multiplyAdds),
      measured(each.stepMilliseconds, formatStep),
      measured(each.measuredBytes, formatBytes),
      measured(each.plannedBytes, formatBytes),
    ]),
    notes: [`${conditions(footprint)} Multiply-adds are of one image forward; the step is a training step’s median.`],
  }
}

function studySizeTable({ networks }: StudyResult): Table {
  const several = networks.some(n => n.runs.length > 1)
  return {
    id: 'cost',
    caption: 'At this study’s size',
    header: [
      'Network',
      'Width',
      'Parameters',
      'Multiply-adds',
      'Step',
      'Images/s',
      'Memory, planned',
      'Waiting for data',
      'Training',
    ],
    rows: networks.map(n => {
      const over = (of: (run: RunResult) => number | null) => meanOfMeasured(n.runs.map(of))
      return [
        n.title,
        `${Number(n.width.toPrecision(3))}`,
        formatCount(n.parameters),
        formatSi(n.multiplyAdds),
        measured(
          over(run => run.stepMilliseconds),
          formatStep,
        ),
        measured(
          over(run => run.imagesPerSecond),
          r => (r >= 100 ? formatCount(r) : r.toFixed(1)),
        ),
        measured(
          over(run => run.memoryBytes),
          formatBytes,
        ),
        measured(
          over(run => run.dataWaitShare),
          formatPercent,
        ),
        measured(trainingSeconds(n), formatDuration),
      ]
    }),
    notes: [
      `Multiply-adds are of one image forward; the step is the median, with its gradient and update.${several ? ' Step, speed, memory and waiting are means over the seeds; training is the time of all of them together.' : ''}`,
    ],
  }
}

/** Training time of the epochs done, in seconds, all runs together; `undefined` before the first. */
export function trainingSeconds({ runs }: NetworkResult): number | undefined {
  const spent = runs.flatMap(run => (run.epochs.length > 0 ? [Math.max(...run.epochs.map(e => e.seconds))] : []))
  return spent.length > 0 ? spent.reduce((sum, seconds) => sum + seconds, 0) : undefined
}
