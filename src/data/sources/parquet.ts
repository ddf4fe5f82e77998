import { UserError } from '../../base/error.js'
import type { InputFile } from '../../formats/input-file.js'
import { cellsOf, integers, placedBytes, texts, type ValueReaders } from '../../formats/parquet/cells.js'
import { type ParquetColumn, readParquetTable } from '../../formats/parquet/table.js'
import type { FileForm, FoundImage } from './found-image.js'
import { imageColumns, type LabelKind } from './image-columns.js'

/**
 * Parquet files as Hugging Face keeps data sets of images: a row an image, with its bytes, the name of its file, and its
 * class, whose names stand in the footer (huggingface.co/docs/hub/datasets-image). Values are found page by page, once;
 * then an image is read by itself.
 */
export const parquet: FileForm = {
  title: 'Parquet files',
  accepts: name => /\.parquet$/i.test(name),
  lists: false,
  labelsTests: true,
  hasConfigurations: true,
  *scan(input) {
    const table = readParquetTable(input)
    const columns = imageColumns(table, input.path)
    const nameOf = distinctNames()
    let row = 0
    for (const { chunks } of table.groups) {
      const chunkOf = (column: ParquetColumn) => chunks[table.columns.indexOf(column)]!
      const classes = cellsOf(input, chunkOf(columns.label), labelReaders[columns.labelKind])
      const names = columns.name && cellsOf(input, chunkOf(columns.name), texts)
      for (const bytes of cellsOf(input, chunkOf(columns.image), placedBytes)) {
        const label = classes.next().value
        const name = names?.next().value
        if (!bytes) throw withoutBytes(input, row, name)
        if (label === undefined || label === '' || Number(label) < 0) throw withoutClass(input, row, columns.label)
        if (/\p{Cc}/u.test(String(label))) throw withText(input, row, columns.label)
        yield { name: nameOf(name, row), label: String(label), part: bytes.stretch() } satisfies FoundImage
        row++
      }
    }
  },
  classNames: input => imageColumns(readParquetTable(input), input.path).classNames,
}

const labelReaders: Readonly<Record<LabelKind, ValueReaders<string | number>>> = {
  int32: integers(4),
  int64: integers(8),
  text: texts,
}

/**
 * The names of a file's images, each once: what a row calls its image, and its number where it does not, or where an
 * earlier one is called so. Paths in a table are names of files alone, so those of two classes may be the same.
 */
function distinctNames(): (name: string | undefined, row: number) => string {
  const seen = new Set<string>()
  return (given, row) => {
    const number = `row ${String(row).padStart(7, '0')}`
    const name = given?.replace(/\p{Cc}/gu, '?')
    const own = name ? (seen.has(name) ? `${name} (${number})` : name) : number
    seen.add(own)
    return own
  }
}

const withoutBytes = ({ path }: InputFile, row: number, name: string | undefined): UserError =>
  new UserError(
    `${path}, row ${row}: there are no bytes of an image${name ? `, only its path, ${name}` : ''}: write the table with the images in it, as push_to_hub does`,
  )

const withText = ({ path }: InputFile, row: number, label: ParquetColumn): UserError =>
  new UserError(`${path}, row ${row}: the column ${label.path.join('.')} holds lines of text, not a class: rename it`)

const withoutClass = ({ path }: InputFile, row: number, label: ParquetColumn): UserError =>
  new UserError(
    `${path}, row ${row}: the column ${label.path.join('.')} gives no class, as in a test set: leave the file out`,
  )
