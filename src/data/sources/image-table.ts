import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { parseCsv } from '../../formats/csv.js'
import type { InputFile } from '../../formats/input-file.js'
import { parseJson } from '../../formats/json-file.js'
import { linesOf } from '../../formats/text-lines.js'
import type { FileForm, FoundImage } from './found-image.js'

const mostBytes = 256 * 2 ** 20

/** What the columns are called, the first that is there counts. */
const pathColumns = ['path', 'file_name', 'filename', 'file', 'image']
const labelColumns = ['label', 'class', 'target']

/** A table with a row an image, under a header that names the columns: its path, relative to the table, and its class. */
export const csvTable: FileForm = {
  title: 'CSV tables',
  accepts: name => /\.csv$/i.test(name),
  lists: true,
  *scan(input) {
    const fail = failIn(input)
    const rows = parseCsv(textIn(input), fail)
    const first = rows.next()
    const header = first.done ? fail(1, 'there is no header') : first.value.cells.map(cell => cell.trim().toLowerCase())
    const columnOf = (names: readonly string[]) => {
      const name = names.find(one => header.includes(one))
      return name === undefined
        ? fail(1, `the header has none of the columns ${names.join(', ')}`)
        : header.indexOf(name)
    }
    const [pathColumn, labelColumn] = [columnOf(pathColumns), columnOf(labelColumns)]
    const check = onceEach(fail)
    for (const { line, cells } of rows) yield check(line, cells[pathColumn], cells[labelColumn]?.trim())
  },
}

/** A JSON object a line, with the same names as a CSV table's columns. */
export const jsonLines: FileForm = {
  title: 'JSON Lines tables',
  accepts: name => /\.jsonl$/i.test(name),
  lists: true,
  *scan(input) {
    const fail = failIn(input)
    const check = onceEach(fail)
    for (const { number, text } of linesOf(textIn(input))) {
      const row = parseJson(text, `${input.path}, line ${number}`)
      if (typeof row !== 'object' || row === null || Array.isArray(row)) return fail(number, 'there is no JSON object')
      const textOf = (names: readonly string[]) => {
        const value = names.map(name => (row as Record<string, unknown>)[name]).find(one => one !== undefined)
        return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
      }
      yield check(number, textOf(pathColumns), textOf(labelColumns))
    }
  },
}

/** Tables as Hugging Face's ImageFolder has them: in a folder of images, or in each of train/ and val/. */
export const csvMetadata: FileForm = {
  ...csvTable,
  title: 'CSV tables of metadata',
  accepts: name => name === 'metadata.csv',
  reserved: true,
}

/** As {@link csvMetadata}. */
export const jsonMetadata: FileForm = {
  ...jsonLines,
  title: 'JSON Lines tables of metadata',
  accepts: name => name === 'metadata.jsonl',
  reserved: true,
}

type FailAt = (line: number, reason: string) => never

const failIn =
  ({ path }: InputFile): FailAt =>
  (line, reason) => {
    const otherwise = /[\\/]metadata\.\w+$/.test(path) ? '; without this file, folders are classes' : ''
    throw new UserError(`${path}, line ${line}: ${reason}: give a path and a class for each image, once${otherwise}`)
  }

function onceEach(fail: FailAt): (line: number, path: string | undefined, label: string | undefined) => FoundImage {
  const lineOf = new Map<string, number>()
  return (line, path, label) => {
    if (!path) return fail(line, 'there is no path')
    if (!label) return fail(line, 'there is no class')
    const earlier = lineOf.get(path)
    if (earlier !== undefined) return fail(line, `'${path}' stands in line ${earlier} already`)
    lineOf.set(path, line)
    return { name: path, label }
  }
}

function textIn(input: InputFile): string {
  if (input.size > mostBytes)
    throw new UserError(`${input.path} has ${formatBytes(input.size)}, too much for a table of images: check the path`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input.read(0, input.size))
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${input.path} is no text in UTF-8: save the table as such`, 1, { cause: error })
  }
}
