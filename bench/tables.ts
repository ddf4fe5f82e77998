import { formatBytes, formatPercent } from '../src/base/format.js'
import { quiet } from './neighbours.js'
import type { Entry, Results } from './results.js'
import { type Comparison, type Row, reached, type Target } from './row.js'

/** Rounds whose ratios lie further apart than this say little. */
const steady = 1.3

const [begin, end] = ['<!-- results -->', '<!-- end of results -->']

/** A page with the tables of `machines` between its markers. */
export function withTables(page: string, rows: readonly Row[], machines: readonly Results[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no '${begin}' before '${end}'`)
  const tables = machines.map(results => machineTables(rows, results)).join('\n\n')
  return `${page.slice(0, from + begin.length)}\n\n${tables}\n\n${page.slice(to)}`
}

function machineTables(rows: readonly Row[], { machine, rows: entries }: Results): string {
  const measured = rows.filter(({ id }) => entries[id])
  const tables = [...new Set(measured.map(({ table }) => table))]
  const all = measured.flatMap(({ id }) => entries[id]!.comparisons)
  const targets = all.filter(({ target }) => target)
  return [
    `### ${machine.processor}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`,
    `${measured.length} of ${rows.length} rows measured; of their ${targets.length} targets ${targets.filter(reached).length} reached.`,
    ...tables.map(table =>
      [
        `#### ${table}`,
        '',
        line(['', 'against', 'ours', 'theirs', 'ratio', 'target', 'reached', 'date']),
        line(['---', '---', '--:', '--:', '--:', '--:', '---', '---']),
        ...measured.filter(row => row.table === table).flatMap(row => rowLines(row, entries[row.id]!)),
      ].join('\n'),
    ),
    versionsOf(measured.map(({ id }) => entries[id]!)),
  ].join('\n\n')
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function rowLines({ title }: Row, { comparisons, skipped, date, neighbours = 0 }: Entry): string[] {
  const day = date.slice(0, 10)
  return [
    ...comparisons.map(comparison => {
      const { what, against, unit, ours, theirs, ratio, target, spread = 1 } = comparison
      const timed = unit !== 'bytes'
      const notes = [
        ...(timed && spread > steady ? [`rounds differ ${spread.toFixed(1)} times`] : []),
        ...(timed && neighbours > quiet ? [`others used up to ${formatPercent(neighbours)} of the cores`] : []),
      ]
      const numbers = [quantity(ours, unit), quantity(theirs, unit), ratio.toFixed(2)]
      const verdict = { true: '**yes**', false: 'no', undefined: '—' }[`${reached(comparison)}`]
      return line([`${title}: ${what}`, against, ...numbers, bound(target), [verdict, ...notes].join('; '), day])
    }),
    ...skipped.map(({ what, why }) =>
      line([title, what, '', '', '', '', `skipped: ${why.replaceAll('|', '\\|')}`, day]),
    ),
  ]
}

const bound = (target: Target | undefined): string =>
  !target ? '—' : 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`

const quantity = (value: number, unit: Comparison['unit']): string =>
  unit === 'bytes' ? formatBytes(value) : `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`

/** Every version that took part; several where rows were measured with several. */
function versionsOf(entries: readonly Entry[]): string {
  const versions = new Map<string, Set<string>>()
  for (const entry of entries)
    for (const [name, version] of Object.entries(entry.versions))
      versions.set(name, (versions.get(name) ?? new Set()).add(version))
  const threads = [...new Set(entries.map(entry => entry.threads))].join(' or ')
  const named = [...versions].map(([name, found]) => `${name} ${[...found].join(' or ')}`)
  return `Threads: ${threads}. ${named.join('; ')}.`
}
