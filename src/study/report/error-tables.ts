import { formatCount, formatPercent } from '../../base/format.js'
import { ensembleTitle } from '../claims/claims.js'
import { intervalOf, meanOf } from '../claims/difference.js'
import {
  type EnsembleMember,
  errorsOf,
  type FinalErrors,
  isUsable,
  type NetworkResult,
  type ProtocolSummary,
  type StudyResult,
  shortTitle,
} from '../result.js'
import {
  type PublishedEnsemble,
  type PublishedErrors,
  type PublishedTable,
  publishedEnsembles,
  publishedTables,
} from './published.js'
import { missing, type Table } from './table.js'

/** The paper's tables 1 to 4 for this run, those of which it measured anything, and one a protocol of its own. */
export function errorTables(result: StudyResult): Table[] {
  const known = new Set(publishedTables.flatMap(table => table.protocols))
  const own = result.protocols.filter(protocol => !known.has(protocol.id))
  const single = [
    ...publishedTables.map(table =>
      singleTable(
        result,
        result.protocols.filter(protocol => table.protocols.includes(protocol.id)),
        table,
      ),
    ),
    ...own.map(protocol => singleTable(result, [protocol])),
  ].flatMap(table => table ?? [])
  const [first, ...others] = [...single, ...ensembleTable(result)]
  const common = [...spreadNotes(result), ...topFiveNote(result), ...runNotes(result)]
  return first ? [{ ...first, notes: [...first.notes, ...common] }, ...others] : []
}

/** One of tables 1 to 3; `undefined` when no network has an error under its protocols. */
function singleTable(
  result: StudyResult,
  protocols: readonly ProtocolSummary[],
  published?: PublishedTable,
): Table | undefined {
  const several = protocols.length > 1
  const isEvaluated = (network: NetworkResult) => protocols.some(({ id }) => errorsOf(network, id).length > 0)
  // What a comparator was not evaluated with is no gap.
  const shown = result.networks.filter(network => network.role !== 'comparator' || isEvaluated(network))
  const ofNetwork = (network: NetworkResult): string[][] => {
    const evaluated = protocols.filter(protocol => errorsOf(network, protocol.id).length > 0)
    const [first] = protocols
    // A network that was not evaluated has one row without numbers.
    return (evaluated.length > 0 ? evaluated : first ? [first] : []).map(protocol => [
      network.title,
      ...(several ? [evaluated.length > 0 ? protocol.title : missing] : []),
      ...errorCells(errorsOf(network, protocol.id)),
      ...(published
        ? [
            paperCell(
              published.rows.find(row => row.network === network.network),
              protocol.id,
            ),
          ]
        : []),
    ])
  }
  if (!shown.some(isEvaluated)) return undefined
  const absent = (published?.rows ?? []).filter(row => !shown.some(n => n.network === row.network))
  const titles = protocols.map(protocol => protocol.title).join(' and ')
  return {
    id: published ? `errors-${published.number}` : `errors-${protocols[0]!.id}`,
    caption: published ? `Table ${published.number}: single network, ${titles}` : `Single network, ${titles}`,
    header: [
      'Network',
      ...(several ? ['Crops'] : []),
      ...errorHeader,
      ...(published ? [result.dataSet.imagenet ? 'Paper' : 'Paper, on ImageNet'] : []),
    ],
    rows: [
      ...shown.flatMap(ofNetwork),
      ...absent.map(row => [
        `${row.title} (paper only)`,
        ...Array<string>(errorHeader.length + (several ? 1 : 0)).fill(missing),
        paperCell(row),
      ]),
    ],
    notes: [
      ...protocols.map(protocol => protocol.description),
      ...(published ? [paperNote(result, published.source), ...published.notes] : []),
    ],
  }
}

function ensembleTable(result: StudyResult): Table[] {
  if (result.ensembles.length === 0) return []
  const matched = result.ensembles.map(({ members }) => publishedEnsembles.find(e => sameNetworks(e, members)))
  const absent = publishedEnsembles.filter(e => !matched.includes(e))
  const titleOf = (protocol: string) => result.protocols.find(p => p.id === protocol)?.title ?? protocol
  const table: Table = {
    id: 'errors-4',
    caption: 'Table 4: ensembles, the mean of the members’ probabilities',
    header: [
      'Ensemble',
      'Members',
      'Crops',
      ...errorHeader.filter(h => h !== 'Seeds'),
      result.dataSet.imagenet ? 'Paper' : 'Paper, on ImageNet',
    ],
    rows: [
      ...result.ensembles.map(({ members, protocol, errors }, i) => [
        ensembleTitle(result, members, shortTitle),
        formatCount(members.length),
        titleOf(protocol),
        ...withoutSeeds(errorCells([errors].filter(isUsable))),
        paperCell(matched[i]),
      ]),
      ...absent.map(e => [
        `${e.title} (paper only)`,
        formatCount(e.members.length),
        ...Array<string>(errorHeader.length).fill(missing),
        paperCell(e),
      ]),
    ],
    notes: [
      'IR stands for Inception-ResNet, v3 and v4 for Inception-v3 and -v4. Members of one network are runs with different seeds.',
      paperNote(result, '50,000 images, 144 crops, ResNet-152 dense (AAAI table 4, arXiv table 5)'),
      ...publishedEnsembles.flatMap(e => (e.note === undefined ? [] : [`${e.title}: ${e.note}`])),
    ],
  }
  return [table]
}

const errorHeader = ['Top-1', '95 % interval', 'Top-5', '95 % interval', 'Seeds', 'Images'] as const

const withoutSeeds = (cells: readonly string[]): string[] => cells.filter((_, i) => errorHeader[i] !== 'Seeds')

/** The cells under `errorHeader` for the errors of a network's runs. */
function errorCells(errors: readonly FinalErrors[]): string[] {
  const [first] = errors
  if (!first) return errorHeader.map(() => missing)
  const cells = (kind: 'top1Error' | 'top5Error') => {
    const of = { values: errors.map(e => e[kind]), images: first.images }
    const { low, high } = intervalOf(of)
    const mean = meanOf(of)
    return [`${spread(of.values, mean)}`, `${(100 * low).toFixed(1)} – ${formatPercent(high)}`]
  }
  return [...cells('top1Error'), ...cells('top5Error'), formatCount(errors.length), formatCount(first.images)]
}

/** "21.3 %", or "21.3 ± 0.4 %" with the standard deviation over several runs. */
function spread(values: readonly number[], mean: number): string {
  if (values.length < 2) return formatPercent(mean)
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1))
  return `${(100 * mean).toFixed(1)} ± ${formatPercent(deviation)}`
}

/** "21.2 / 5.6 %"; nothing where the paper evaluated under another protocol. */
function paperCell(
  published: (PublishedErrors & { readonly protocol?: string }) | undefined,
  protocol?: string,
): string {
  if (!published || (protocol !== undefined && published.protocol !== protocol)) return missing
  const { top1, top5 } = published
  return `${top1 === undefined ? missing : (100 * top1).toFixed(1)} / ${formatPercent(top5)}`
}

const sameNetworks = (published: PublishedEnsemble, members: readonly EnsembleMember[]): boolean =>
  [...published.members].sort().join() ===
  members
    .map(member => member.network)
    .sort()
    .join()

const paperNote = (result: StudyResult, source: string): string =>
  result.dataSet.imagenet
    ? `Paper: top-1 / top-5 error, ${source}.`
    : `Paper: top-1 / top-5 error on ImageNet, ${source}. That is another data set than this run’s, so not a target.`

/** What stands behind “±” and the intervals, where they are used. */
function spreadNotes({ networks }: StudyResult): string[] {
  const runs = Math.max(0, ...networks.map(n => n.runs.length))
  return [
    runs > 1
      ? '± is the standard deviation over the seeds. Intervals of several seeds are Student’s, widened by the choice of images; of one seed Wilson’s.'
      : 'Wilson intervals: they cover which images are in the validation set, not the luck of one training run a network.',
  ]
}

const topFiveNote = ({ dataSet: { classes } }: StudyResult): string[] =>
  classes <= 5 ? [`With ${classes} classes every answer is among the first five, so the top-5 error says nothing.`] : []

const runNotes = ({ networks }: StudyResult): string[] =>
  networks.flatMap(({ title, runs }) =>
    runs.flatMap(({ seed, note }) => (note === undefined ? [] : [`${title}, seed ${seed}: ${note}`])),
  )
