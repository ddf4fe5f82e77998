import { type CompressionCodec, type FileMetaData, type ParquetType, parquetMetadata, parquetSchema } from 'hyparquet'
import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import type { Fail } from '../file-error.js'
import type { Codec } from '../file-stretch.js'
import type { InputFile } from '../input-file.js'
import { thriftStructEnd } from './thrift.js'

/** A column of single values: a leaf of the schema. */
export interface ParquetColumn {
  /** Its name, after those of the structs that it lies in. */
  readonly path: readonly string[]
  readonly type: ParquetType
  /** Whether its bytes are said to be UTF-8. */
  readonly isText: boolean
  /** How many of the path's names may stand for nothing: the level at which a value is there. */
  readonly mostLevel: number
  /** Whether a row has many values, or none. */
  readonly isRepeated: boolean
}

/** The values of a column in a group of rows: pages one after the other. */
export interface ColumnChunk {
  readonly column: ParquetColumn
  /** How its pages are packed; undefined where they are not. */
  readonly codec: Codec | undefined
  /** Where they begin and end in the file, in bytes. */
  readonly begin: number
  readonly end: number
  /** Those that stand for nothing are counted: a row each, where the column is not repeated. */
  readonly values: number
}

export interface ParquetTable {
  readonly columns: readonly ParquetColumn[]
  /** Groups of rows, each with a chunk a column. */
  readonly groups: readonly { readonly rows: number; readonly chunks: readonly ColumnChunk[] }[]
  /** What writers say of the table in their own words, by key. */
  readonly notes: ReadonlyMap<string, string>
}

const magic = 'PAR1'
const encryptedMagic = 'PARE'
/** The length of the footer and the magic. */
const tailBytes = 8

/** A footer has a few hundred bytes a column and group. */
const mostFooterBytes = 64 * 2 ** 20
/** Writers make groups of a million rows at most. */
const mostRows = 2 ** 22

/** How the format calls the codecs (apache/parquet-format, Compression.md); nobody ever wrote LZO. */
const codecOf: Readonly<Record<CompressionCodec, Codec | 'none' | undefined>> = {
  UNCOMPRESSED: 'none',
  SNAPPY: 'snappy',
  GZIP: 'gzip',
  LZO: undefined,
  BROTLI: 'brotli',
  LZ4: 'lz4',
  ZSTD: 'zstd',
  LZ4_RAW: 'lz4Raw',
}

/**
 * What a Parquet file says of itself: its footer. No value is read. Errors: `UserError` naming the file where the footer
 * is damaged, the file is cut short or encrypted, or promises what cannot be in it.
 */
export function readParquetTable(input: InputFile): ParquetTable {
  const fail = damaged(input)
  const metadata = readFooter(input, fail)
  try {
    const columns = columnsOf(metadata, fail)
    const groups = metadata.row_groups.map(group => {
      const rows = natural(group.num_rows, fail)
      if (rows > mostRows) fail(`has a group of ${rows} rows`)
      if (group.columns.length !== columns.length) fail('has a group of rows without some of the columns')
      const chunks = columns.map((column, i) => chunkOf(group.columns[i]!, column, input, fail))
      if (chunks.some(({ column, values }) => !column.isRepeated && values !== rows))
        fail('has a column with more values, or fewer, than rows')
      return { rows, chunks }
    })
    const rows = groups.reduce((sum, group) => sum + group.rows, 0)
    if (rows !== natural(metadata.num_rows, fail)) fail('does not have the rows that it promises')
    // A few bytes can stand for millions of rows that say the same, which would fill the memory.
    if (rows > input.size) fail('has more rows than bytes')
    const notes = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value ?? '']))
    return { columns, groups, notes }
  } catch (error) {
    throw error instanceof UserError ? error : cannotBe(error, fail)
  }
}

/** How a damaged file is reported. */
export const damaged =
  ({ path }: InputFile): Fail =>
  reason => {
    throw new UserError(`${path} is damaged: it ${reason}; get the file again`)
  }

/** A count or a place, of the file's own numbers. */
export function natural(value: unknown, fail: Fail): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0
    ? number
    : fail('has a number out of range')
}

function readFooter(input: InputFile, fail: Fail): FileMetaData {
  const text = (at: number) => Buffer.from(input.read(at, magic.length)).toString('latin1')
  if (input.size < magic.length + tailBytes) return fail('is cut short')
  if (text(input.size - magic.length) === encryptedMagic || text(0) === encryptedMagic)
    throw new UserError(`${input.path} is encrypted: write it without encryption`)
  if (text(0) !== magic) return fail('does not begin as a Parquet file does')
  if (text(input.size - magic.length) !== magic) return fail('does not end as a Parquet file does')
  const tail = input.read(input.size - tailBytes, tailBytes)
  const length = new DataView(tail.buffer).getUint32(0, true)
  if (length > input.size - magic.length - tailBytes) return fail('has a footer longer than itself')
  if (length > mostFooterBytes) return fail(`has a footer of ${formatBytes(length)}`)
  const footer = input.read(input.size - tailBytes - length, length + tailBytes)
  if (thriftStructEnd(footer.subarray(0, length), 0) === undefined) return fail('has a footer that is cut short')
  try {
    return parquetMetadata(footer, { geoparquet: false })
  } catch (error) {
    return cannotBe(error, fail)
  }
}

/** hyparquet and the engine complain of what has another type than it should. */
const cannotBe = (error: unknown, fail: Fail): never =>
  fail(`has a footer that cannot be read (${String(error).split('\n', 1)[0]})`)

function columnsOf(metadata: FileMetaData, fail: Fail): readonly ParquetColumn[] {
  const columns: ParquetColumn[] = []
  const visit = (node: ReturnType<typeof parquetSchema>, path: readonly string[], level: number, repeated: boolean) => {
    const { type, repetition_type, converted_type, logical_type } = node.element
    const mostLevel = level + (path.length > 0 && repetition_type !== 'REQUIRED' ? 1 : 0)
    const isRepeated = repeated || repetition_type === 'REPEATED'
    if (node.children.length === 0 && path.length > 0) {
      const isText = converted_type === 'UTF8' || logical_type?.type === 'STRING'
      columns.push({ path, type: type ?? fail('has a column without a type'), isText, mostLevel, isRepeated })
    }
    for (const child of node.children) {
      const { name } = child.element
      if (typeof name !== 'string' || /\p{Cc}/u.test(name)) fail('has a column whose name is no text')
      visit(child, [...path, name], mostLevel, isRepeated)
    }
  }
  visit(parquetSchema(metadata), [], 0, false)
  return columns
}

function chunkOf(
  { meta_data: data, file_path }: FileMetaData['row_groups'][number]['columns'][number],
  column: ParquetColumn,
  input: InputFile,
  fail: Fail,
): ColumnChunk {
  const name = column.path.join('.')
  if (file_path) return fail(`keeps the column ${name} in another file`)
  if (!data) return fail(`does not say where the column ${name} is`)
  if (data.path_in_schema.join('.') !== name || data.type !== column.type)
    return fail(`describes the column ${name} in two ways`)
  const codec = codecOf[data.codec] ?? fail(`packs the column ${name} in an unknown way`)
  // Some writers put 0 where there is no dictionary.
  const pages = [data.data_page_offset, data.dictionary_page_offset || data.data_page_offset]
  const begin = Math.min(...pages.map(at => natural(at, fail)))
  const end = begin + natural(data.total_compressed_size, fail)
  if (begin < magic.length || end > input.size - tailBytes) return fail(`has the column ${name} outside itself`)
  return { column, codec: codec === 'none' ? undefined : codec, begin, end, values: natural(data.num_values, fail) }
}
