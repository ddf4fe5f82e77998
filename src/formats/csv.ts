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

/** One row of a file, with the line it begins in, from 1. */
export interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * The rows of a CSV text (RFC 4180): commas, double quotes around what holds them, either system's line ends; empty lines
 * are passed over. Errors: what `fail` throws, with the line, where a quote stands alone or has no end.
 */
export function* parseCsv(text: string, fail: (line: number, reason: string) => never): Generator<CsvRow> {
  // A cell in quotes or without, and what follows it.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y
  let line = 1
  for (let cells: string[] = [], begin = 1; cell.lastIndex < text.length || cells.length > 0; ) {
    const at = cell.lastIndex
    const found = cell.exec(text)
    if (!found) return fail(line, text[at] === '"' ? 'a quote has no end, or text after it' : 'a quote within a cell')
    const [whole, quotedText, plain, after] = found
    cells.push(quotedText?.replaceAll('""', '"') ?? plain!)
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0
    if (after === ',') continue
    if (cells.length > 1 || cells[0] !== '') yield { line: begin, cells }
    cells = []
    begin = line
  }
}
