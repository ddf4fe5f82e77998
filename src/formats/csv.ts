/** A cell: text, a number as it is written, or nothing. */
export type CsvCell = string | number | null

/** Rows under a header as CSV, quoted as in RFC 4180, a newline after every row. */
export function encodeCsv(header: readonly string[], rows: Iterable<readonly CsvCell[]>): string {
  let text = ''
  for (const cells of [header, ...rows]) text += `${cells.map(quoted).join(',')}\n`
  return text
}

function quoted(cell: CsvCell): string {
  const text = cell === null ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
