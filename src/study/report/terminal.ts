import { formatTable } from '../../base/format.js'
import { judgeClaims } from '../claims/claims.js'
import type { Claim, Verdict } from '../claims/verdict.js'
import type { StudyResult } from '../result.js'
import { measurementsOf } from './measurements.js'

/** Every table and claim as text of at most `columns` characters a line where it is prose. */
export function terminalReport(result: StudyResult, columns = 100): string {
  const tables = measurementsOf(result)
    .flatMap(measurement => measurement.tables)
    .map(t => [t.caption, formatTable(t.header, t.rows), ...t.notes.map(note => wrap(note, columns, '  '))].join('\n'))
  const claims = judgeClaims(result).map(c => claimText(c, columns))
  const partial =
    result.interrupted === undefined ? [] : [wrap(`Partial: the run was interrupted (${result.interrupted}).`, columns)]
  return [...partial, ...tables, 'The paper’s claims, in this run', ...claims].join('\n\n')
}

const marks: Readonly<Record<Verdict, string>> = { holds: '✓', 'does not hold': '✗', 'not decided by this run': '?' }

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
