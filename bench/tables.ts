import { formatBytes } from '../src/base/format.js'
import type { Entry, Results } from './results.js'
import { type Comparison, doubts, type Row, reached, type Target } from './row.js'

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
  const targets = measured.flatMap(({ id }) => {
    const entry = entries[id]!
    return entry.comparisons.filter(({ target }) => target).map(comparison => verdict(comparison, entry))
  })
  const count = (word: string) => targets.filter(verdict => verdict.startsWith(word)).length
  return [
    `### ${machine.processor}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`,
    `${measured.length} of ${rows.length} rows measured. Of their ${targets.length} targets ${count('**yes')} are reached, ${count('no')} are not, ${count('open')} are open because the machine was not quiet.`,
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

function rowLines({ title }: Row, entry: Entry): string[] {
  const day = entry.date.slice(0, 10)
  return [
    ...entry.comparisons.map(comparison => {
      const { what, against, unit, ours, theirs, ratio, target } = comparison
      const numbers = [quantity(ours, unit), quantity(theirs, unit), ratio.toFixed(2)]
      return line([`${title}: ${what}`, against, ...numbers, bound(target), verdict(comparison, entry), day])
    }),
    ...entry.skipped.map(({ what, why }) =>
      line([title, what, '', '', '', '', `skipped: ${why.replaceAll('|', '\\|')}`, day]),
    ),
  ]
}

function verdict(comparison: Comparison, entry: Entry): string {
  const doubt = doubts(comparison, entry)
  if (doubt.length > 0) return `open: ${doubt.join('; ')}`
  return { true: '**yes**', false: 'no', undefined: '—' }[`${reached(comparison)}`]
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
