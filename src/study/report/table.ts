import { escapeText } from './markup.js'

/** A table as text cells, from which the terminal, the page and the Markdown print. */
export interface Table {
  readonly id: string
  readonly caption: string
  /** The first column heads the rows. */
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly notes: readonly string[]
  /** Columns of sentences, which may wrap. */
  readonly prose?: readonly number[]
}

/** Stands for what was not measured. */
export const missing = '—'

/** A number that was measured, in words. */
export const measured = (value: number | null | undefined, say: (value: number) => string): string =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? say(value) : missing

/** A duration of a step: "1.25 s", "471 ms", "12.5 ms". */
export const formatStep = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`

/** How much more `heavier` is than `lighter`: "+3.1 %". */
export function formatMore(lighter: number, heavier: number): string {
  const share = 100 * (heavier / lighter - 1)
  if (!Number.isFinite(share)) return missing
  const digits = Math.abs(share).toFixed(1)
  return `${digits === '0.0' ? '' : share < 0 ? '−' : '+'}${digits} %`
}

/** The mean of the numbers that are there; `undefined` of none. */
export function meanOfMeasured(values: readonly (number | null | undefined)[]): number | undefined {
  const known = values.filter(value => typeof value === 'number' && Number.isFinite(value)) as number[]
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined
}

/** Columns whose every cell is a number are set to the right, as `formatTable` does on the terminal. */
export const isNumeric = ({ rows, prose }: Table, column: number): boolean =>
  !prose?.includes(column) && rows.every(row => /^(?:[-–−+]?[\d.]|—|$)/.test(row[column] ?? ''))

export function tableHtml(table: Table): string {
  const kind = (column: number) =>
    table.prose?.includes(column) ? ' class="prose"' : isNumeric(table, column) ? ' class="number"' : ''
  const header = table.header.map((h, i) => `<th scope="col"${i === 0 ? '' : kind(i)}>${escapeText(h)}</th>`).join('')
  const rows = table.rows.map(
    row =>
      `<tr>${row
        .map((cell, i) =>
          i === 0 ? `<th scope="row">${escapeText(cell)}</th>` : `<td${kind(i)}>${escapeText(cell)}</td>`,
        )
        .join('')}</tr>`,
  )
  const notes = table.notes.map(note => `<p class="note">${escapeText(note)}</p>`).join('')
  return (
    `<section class="table" id="table-${escapeText(table.id)}"><div class="scroll" tabindex="0" role="region" aria-label="${escapeText(table.caption)}">` +
    `<table><caption><span>${escapeText(table.caption)}</span></caption><thead><tr>${header}</tr></thead><tbody>${rows.join('')}</tbody></table></div>${notes}</section>`
  )
}
