import type { Interval } from '../../evaluation/intervals.js'
import { judgeClaims } from '../claims/claims.js'
import { intervalOf, meanOf } from '../claims/difference.js'
import {
  errorsOf,
  type FinalErrors,
  type Footprint,
  isUsable,
  type NetworkResult,
  type StudyResult,
  subjectId,
} from '../result.js'
import { publishedEnsembles, publishedTables } from './published.js'

const columns = [
  'section',
  'protocol',
  'subject',
  'seed',
  'metric',
  'value',
  'low',
  'high',
  'images',
  'images_bad',
  'epoch',
  'step',
] as const

type Row = Partial<Record<(typeof columns)[number], string | number | null>>

/**
 * Every number of the study in long form, one a line under a header, as RFC 4180 has it. Errors and shares are
 * fractions, times seconds unless the metric says otherwise, memory bytes; what was not measured is left out.
 */
export const renderCsv = (result: StudyResult): string =>
  [[...columns], ...rowsOf(result).map(row => columns.map(column => row[column] ?? ''))]
    .map(cells => `${cells.map(cellOf).join(',')}\r\n`)
    .join('')

/** A text that a spreadsheet would take for a formula is kept one by an apostrophe. */
function cellOf(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const rowsOf = (result: StudyResult): Row[] =>
  [
    ...result.networks.flatMap(curveRows),
    ...result.networks.flatMap(network => errorRows(result, network)),
    ...ensembleRows(result),
    ...pairedRows(result),
    ...publishedRows(),
    ...result.networks.flatMap(costRows),
    ...instabilityRows(result),
    ...(result.footprint?.networks ?? []).flatMap(each => footprintRows('footprint', each)),
    ...(result.footprint?.withSumNorms ?? []).flatMap(each => footprintRows('footprint with sum norms', each)),
    ...judgeClaims(result).flatMap(c => [
      { section: 'claims', subject: c.id, metric: 'verdict', value: c.verdict },
      ...c.parts.map(p => ({
        section: 'claims',
        subject: `${c.id}: ${p.subject}`,
        metric: 'verdict',
        value: p.verdict,
      })),
    ]),
  ].filter(({ value }) => typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)))

const curveRows = ({ network, runs }: NetworkResult): Row[] =>
  runs.flatMap(({ seed, epochs }) =>
    epochs.flatMap(({ epoch, seconds, trainLoss, top1Error, top5Error }) => {
      const at = { section: 'curve', subject: network, seed, epoch }
      return [
        { ...at, metric: 'seconds', value: seconds },
        { ...at, metric: 'training loss', value: trainLoss },
        { ...at, metric: 'top-1 error', value: top1Error },
        { ...at, metric: 'top-5 error', value: top5Error },
      ]
    }),
  )

const kinds = [
  ['top1Error', 'top-1 error'],
  ['top5Error', 'top-5 error'],
] as const

/** The errors of each run, then with an empty seed their mean and its interval. */
const errorRows = (result: StudyResult, network: NetworkResult): Row[] =>
  result.protocols.flatMap(({ id: protocol }) => {
    const at = { section: 'errors', protocol, subject: network.network }
    const all = errorsOf(network, protocol)
    const images = all[0]?.images
    return kinds.flatMap(([kind, metric]) => {
      const each = network.runs.flatMap(({ seed, errors }) => {
        const own = errors[protocol]
        return isUsable(own) ? [{ ...at, seed, metric, value: own[kind], ...counts(own) }] : []
      })
      if (images === undefined) return each
      const of = { values: all.map(errors => errors[kind]), images }
      return [...each, { ...at, metric: `mean ${metric}`, value: meanOf(of), ...ends(intervalOf(of)), images }]
    })
  })

const counts = ({ images, badImages }: FinalErrors) => ({
  images,
  ...(badImages !== undefined && { images_bad: badImages }),
})

const ends = ({ low, high }: Interval) => ({ low, high })

const ensembleRows = ({ ensembles }: StudyResult): Row[] =>
  ensembles.flatMap(({ members, protocol, errors }) =>
    isUsable(errors)
      ? kinds.map(([kind, metric]) => ({
          section: 'ensembles',
          protocol,
          subject: subjectId(members),
          metric,
          value: errors[kind],
          ...ends(intervalOf({ values: [errors[kind]], images: errors.images })),
          ...counts(errors),
        }))
      : [],
  )

const pairedRows = ({ paired }: StudyResult): Row[] =>
  paired.flatMap(({ protocol, first, second, images, difference, deviation }) => {
    const at = { section: 'paired', protocol, subject: `${first} less ${second}`, images }
    return [
      { ...at, metric: 'top-1 error difference', value: difference },
      { ...at, metric: 'deviation over images', value: deviation },
    ]
  })

/** The paper's own numbers, of ImageNet. */
const publishedRows = (): Row[] => [
  ...publishedTables.flatMap(({ rows }) =>
    rows.flatMap(({ network, protocol, top1, top5 }) => {
      const at = { section: 'paper, ImageNet', protocol, subject: network }
      return [
        { ...at, metric: 'top-1 error', value: top1 ?? null },
        { ...at, metric: 'top-5 error', value: top5 },
      ]
    }),
  ),
  ...publishedEnsembles.flatMap(({ members, top1, top5 }) => {
    const at = { section: 'paper, ImageNet', subject: members.join(' + ') }
    return [
      { ...at, metric: 'top-1 error', value: top1 ?? null },
      { ...at, metric: 'top-5 error', value: top5 },
    ]
  }),
]

const costRows = ({ network, parameters, multiplyAdds, width, runs }: NetworkResult): Row[] => {
  const at = { section: 'cost', subject: network }
  return [
    { ...at, metric: 'width', value: width },
    { ...at, metric: 'parameters', value: parameters },
    { ...at, metric: 'multiply-adds', value: multiplyAdds },
    ...runs.flatMap(({ seed, stepMilliseconds, imagesPerSecond, memoryBytes, dataWaitShare, badImages = null }) => [
      { ...at, seed, metric: 'step milliseconds', value: stepMilliseconds },
      { ...at, seed, metric: 'images per second', value: imagesPerSecond },
      { ...at, seed, metric: 'planned bytes', value: memoryBytes },
      { ...at, seed, metric: 'share of time waiting for data', value: dataWaitShare },
      { ...at, seed, metric: 'images left out', value: badImages },
    ]),
  ]
}

const instabilityRows = ({ instability }: StudyResult): Row[] =>
  (instability?.settings ?? []).flatMap(setting =>
    setting.runs.flatMap(({ seed, outcome, step, trace }) => {
      const at = { section: 'instability', subject: setting.id, seed }
      return [
        { ...at, metric: 'outcome', value: outcome, step },
        ...trace.flatMap(point => [
          { ...at, step: point.step, metric: 'loss', value: point.loss },
          { ...at, step: point.step, metric: 'zero share', value: point.zeroShare },
          { ...at, step: point.step, metric: 'magnitude', value: point.magnitude },
          { ...at, step: point.step, metric: 'residual ratio', value: point.residualRatio },
          { ...at, step: point.step, metric: 'gradient norm', value: point.gradientNorm },
        ]),
      ]
    }),
  )

const footprintRows = (section: string, each: Footprint): Row[] => {
  const at = { section, subject: each.network }
  return [
    { ...at, metric: 'parameters', value: each.parameters },
    { ...at, metric: 'multiply-adds', value: each.multiplyAdds },
    { ...at, metric: 'step milliseconds', value: each.stepMilliseconds },
    { ...at, metric: 'planned bytes', value: each.plannedBytes },
    { ...at, metric: 'measured bytes', value: each.measuredBytes },
  ]
}
