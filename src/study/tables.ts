import { formatBytes, formatCount, formatDuration, formatPercent, formatSi, formatTable } from '../base/format.js'
import { wilsonInterval } from '../evaluation/intervals.js'
import { type Claim, ensembleTitle, judgeClaims } from './claims.js'
import { escapeText } from './markup.js'
import { manyCrops, publishedEnsembles, singleCrop } from './published.js'
import { memberOf, type NetworkResult, type Pair, type StudyResult, shortTitle, usableFinal } from './result.js'
import { compareSpeed, measuredEpochs } from './speed.js'

/** A table as text cells, from which both the terminal and the report print. */
export interface Table {
  readonly id: string
  readonly caption: string
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

const missing = '—'

/** The study's tables, in the order of the report; those with no row are left out. */
export const tablesOf = (result: StudyResult): Table[] =>
  [
    singleTable(result),
    ensembleTable(result),
    curveTable(result),
    speedTable(result),
    costTable(result),
    publishedTable(result),
  ].filter(t => t.rows.length > 0)

function singleTable(result: StudyResult): Table {
  return {
    id: 'single',
    caption: `Final errors, single network (${result.evaluation})`,
    header: ['Network', 'Top-1', '95 % interval', 'Top-5', '95 % interval', 'Epochs', 'Images'],
    rows: result.networks.map(n => {
      const final = usableFinal(n)
      const epochs = formatCount(new Set(n.epochs.map(e => e.epoch)).size)
      if (!final) return [n.title, missing, missing, missing, missing, epochs, missing]
      return [n.title, ...errorCells(final), epochs, formatCount(final.images)]
    }),
    notes: [
      ...result.networks.flatMap(n => (n.note === undefined ? [] : [`${n.title}: ${n.note}`])),
      ...topFiveNote(result),
      'Wilson intervals: they cover which images are in the validation set, not the luck of one training run a network.',
    ],
  }
}

function ensembleTable(result: StudyResult): Table {
  return {
    id: 'ensembles',
    caption: 'Ensembles: mean of the members’ probabilities',
    header: ['Ensemble', 'Members', 'Top-1', '95 % interval', 'Top-5', '95 % interval', 'Images'],
    rows: result.ensembles.map(e => {
      const final = usableFinal({ final: e })
      const name = ensembleTitle(result, e.members, shortTitle)
      const size = formatCount(e.members.length)
      if (!final) return [name, size, missing, missing, missing, missing, missing]
      return [name, size, ...errorCells(final), formatCount(final.images)]
    }),
    notes: ['IR stands for Inception-ResNet, v3 and v4 for Inception-v3 and -v4.'],
  }
}

/** Top-1 error by epoch, at most a dozen rows; the report also has every epoch of every network. */
function curveTable(result: StudyResult): Table {
  const curves = result.networks.map(n => new Map(measuredEpochs(n).map(e => [e.epoch, e.top1Error])))
  const epochs = [...new Set(curves.flatMap(c => [...c.keys()]))].sort((a, b) => a - b)
  const every = Math.ceil(epochs.length / 12)
  const shown = epochs.filter((_, i) => i === 0 || (epochs.length - 1 - i) % every === 0)
  return {
    id: 'by-epoch',
    caption: 'Top-1 error by epoch',
    header: ['Epoch', ...result.networks.map(n => n.title)],
    rows: shown.map(epoch => [`${epoch}`, ...curves.map(c => measured(c.get(epoch), formatPercent))]),
    notes: [],
  }
}

function speedTable(result: StudyResult): Table {
  const rows = (['smaller', 'larger'] as const).flatMap((pair: Pair) => {
    const pure = memberOf(result, pair, false)
    const residual = memberOf(result, pair, true)
    const speed = pure && residual && compareSpeed(pure, residual)
    if (!speed) return []
    return ([pure, residual] as const).map((n, i) => {
      const of = i === 0 ? speed.pure : speed.residual
      return [
        n.title,
        formatPercent(speed.threshold),
        of.epochs.toFixed(1),
        formatDuration(of.seconds),
        formatPercent(of.meanError),
        `${speed.firstEpoch}–${speed.lastEpoch}`,
      ]
    })
  })
  return {
    id: 'speed',
    caption: 'Speed of learning, top-1',
    header: ['Network', 'Threshold', 'Epochs to it', 'Training time to it', 'Mean error', 'Over epochs'],
    rows,
    notes: [
      'The threshold of a pair is 1.1 times the worse of its two last errors; the mean error is the area under the curve divided by its span.',
    ],
  }
}

function costTable(result: StudyResult): Table {
  return {
    id: 'cost',
    caption: 'Size and cost',
    header: [
      'Network',
      'Width',
      'Parameters',
      'Multiply-adds',
      'Step',
      'Images/s',
      'Memory',
      'Waiting for data',
      'Training',
    ],
    rows: result.networks.map(n => [
      n.title,
      `${Number(n.width.toPrecision(3))}`,
      formatCount(n.parameters),
      formatSi(n.multiplyAdds),
      measured(n.stepMilliseconds, formatStep),
      measured(n.imagesPerSecond, r => (r >= 100 ? formatCount(r) : r.toFixed(1))),
      measured(n.memoryBytes, formatBytes),
      measured(n.dataWaitShare, formatPercent),
      measured(trainingSeconds(n), formatDuration),
    ]),
    notes: ['Multiply-adds are of one image forward; the step is the median, with its gradient and update.'],
  }
}

function publishedTable(result: StudyResult): Table {
  const both = (e: { readonly top1: number; readonly top5: number } | undefined) =>
    e ? `${(100 * e.top1).toFixed(1)} / ${formatPercent(e.top5)}` : missing
  const published = result.networks.filter(n => Object.hasOwn(singleCrop, n.network))
  const singles = published.map(n => {
    const final = usableFinal(n)
    const ours = final && { top1: final.top1Error, top5: final.top5Error }
    return [n.title, both(ours), both(singleCrop[n.network]), both(manyCrops[n.network])]
  })
  const ensembles = publishedEnsembles.map(e => [e.title, missing, missing, both(e)])
  return {
    id: 'published',
    caption:
      'Beside the paper’s numbers (top-1 / top-5 error), which are of ImageNet at full width: another data set, not a target',
    header: ['Network', 'This run', 'Paper, ImageNet, 1 crop', 'Paper, ImageNet, 144 crops'],
    rows: singles.length > 0 ? [...singles, ...ensembles] : [],
    notes: [
      'One crop: 48,238 images (AAAI table 1, arXiv table 2). 144 crops: 50,000 images (AAAI table 3, arXiv table 4; ensembles AAAI table 4, arXiv table 5).',
      ...publishedEnsembles.flatMap(e => (e.note === undefined ? [] : [`${e.title}: ${e.note}`])),
    ],
  }
}

function errorCells(of: { readonly top1Error: number; readonly top5Error: number; readonly images: number }): string[] {
  const cells = (error: number) => {
    const { low, high } = wilsonInterval(error, of.images)
    return [formatPercent(error), `${(100 * low).toFixed(1)} – ${formatPercent(high)}`]
  }
  return [...cells(of.top1Error), ...cells(of.top5Error)]
}

const topFiveNote = (result: StudyResult): string[] =>
  result.dataSet.classes <= 5
    ? [`With ${result.dataSet.classes} classes every answer is among the first five, so the top-5 error says nothing.`]
    : []

const measured = (value: number | null | undefined, show: (value: number) => string): string =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? show(value) : missing

const formatStep = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`

/** Training time of the epochs done, in seconds; `undefined` before the first. */
export const trainingSeconds = (network: NetworkResult): number | undefined =>
  network.epochs.length > 0 ? Math.max(...network.epochs.map(e => e.seconds)) : undefined

/** Columns whose every cell is a number are set to the right, as `formatTable` does on the terminal. */
const isNumeric = (table: Table, column: number): boolean =>
  table.rows.every(row => /^([-–]?[\d.]|—?$)/.test(row[column] ?? ''))

/** The table as HTML, its first column heading the rows. */
export function tableHtml(table: Table): string {
  const align = (column: number) => (isNumeric(table, column) ? ' class="number"' : '')
  const header = table.header.map((h, i) => `<th scope="col"${i === 0 ? '' : align(i)}>${escapeText(h)}</th>`).join('')
  const rows = table.rows.map(
    row =>
      `<tr>${row
        .map((cell, i) =>
          i === 0 ? `<th scope="row">${escapeText(cell)}</th>` : `<td${align(i)}>${escapeText(cell)}</td>`,
        )
        .join('')}</tr>`,
  )
  const notes = table.notes.map(note => `<p class="note">${escapeText(note)}</p>`).join('')
  return (
    `<section class="table" id="table-${escapeText(table.id)}"><div class="scroll" tabindex="0" role="region" aria-label="${escapeText(table.caption)}">` +
    `<table><caption><span>${escapeText(table.caption)}</span></caption><thead><tr>${header}</tr></thead><tbody>${rows.join('')}</tbody></table></div>${notes}</section>`
  )
}

/** Every table and claim as text of at most `columns` characters a line where it is prose. */
export function terminalReport(result: StudyResult, columns = 100): string {
  const tables = tablesOf(result).map(t =>
    [t.caption, formatTable(t.header, t.rows), ...t.notes.map(note => wrap(note, columns, '  '))].join('\n'),
  )
  const claims = judgeClaims(result).map(c => claimText(c, columns))
  const partial =
    result.interrupted === undefined ? [] : [wrap(`Partial: the run was interrupted (${result.interrupted}).`, columns)]
  return [...partial, ...tables, 'The paper’s claims, in this run', ...claims].join('\n\n')
}

const marks = { holds: '✓', 'does not hold': '✗', 'not decided by this run': '?' } as const

const claimText = (claim: Claim, columns: number): string =>
  [
    `${marks[claim.verdict]} ${claim.title}: ${claim.verdict}`,
    ...claim.parts.map(p => wrap(`${marks[p.verdict]} ${p.subject}: ${p.text}`, columns, '  ')),
  ].join('\n')

function wrap(prose: string, columns: number, indent = ''): string {
  const lines: string[] = []
  let current = indent
  for (const word of prose.split(/ +/)) {
    if (current.length > indent.length && current.length + 1 + word.length > columns) {
      lines.push(current)
      current = indent
    }
    current += current.length > indent.length ? ` ${word}` : word
  }
  return [...lines, current].join('\n')
}
