import type { Encoding, PageHeader } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import type { Fail } from '../file-error.js'
import type { InputFile } from '../input-file.js'
import { Section } from './section.js'
import { type ColumnChunk, natural } from './table.js'
import { thriftStructEnd } from './thrift.js'

/** Values that other pages of the chunk point at. */
export interface DictionaryPage {
  readonly kind: 'dictionary'
  readonly values: number
  readonly section: Section
}

export interface DataPage {
  readonly kind: 'data'
  /** Those that stand for nothing are counted. */
  readonly values: number
  readonly encoding: Encoding
  /** Which values are there, as runs of levels; undefined where `section` begins with them. */
  readonly levels: Uint8Array | undefined
  readonly section: Section
}

/** Statistics in a header may hold two whole values. */
const mostHeaderBytes = 2 ** 20
const usualHeaderBytes = 256

/**
 * The pages of a chunk in order, until all its values have been in one. Headers are read, values are stepped over.
 * Errors: `UserError` where a header is damaged, or a page lies outside the chunk or is too large.
 */
export function* pagesOf(input: InputFile, chunk: ColumnChunk, fail: Fail): Generator<DictionaryPage | DataPage> {
  let left = chunk.values
  for (let at = chunk.begin; left > 0; ) {
    const { header, begin } = readHeader(input, at, chunk.end, fail)
    const packed = natural(header.compressed_page_size, fail)
    if (packed > chunk.end - begin) fail(`has a page at byte ${at} longer than its column`)
    const page = pageOf(header, begin, input, chunk, fail)
    if (page?.kind === 'data') {
      if (page.values > left) fail(`has a page at byte ${at} with too many values`)
      left -= page.values
    }
    if (page) yield page
    at = begin + packed
  }
}

type HeaderOf<K extends keyof PageHeader> = NonNullable<PageHeader[K]>

/** Pages of other kinds, such as an index of long ago, are passed over. */
function pageOf(
  header: PageHeader,
  begin: number,
  input: InputFile,
  { codec, column }: ColumnChunk,
  fail: Fail,
): DictionaryPage | DataPage | undefined {
  const sizes = {
    packed: natural(header.compressed_page_size, fail),
    size: natural(header.uncompressed_page_size, fail),
  }
  const whole = () => new Section(input, { begin, ...sizes, codec }, fail)
  const lacking = (): never => fail(`has a page at byte ${begin} without the header of its kind`)
  const kinds: Readonly<Record<string, () => DictionaryPage | DataPage>> = {
    DICTIONARY_PAGE: () => {
      const { num_values }: HeaderOf<'dictionary_page_header'> = header.dictionary_page_header ?? lacking()
      return { kind: 'dictionary', values: natural(num_values, fail), section: whole() }
    },
    DATA_PAGE: () => {
      const data: HeaderOf<'data_page_header'> = header.data_page_header ?? lacking()
      if (column.mostLevel > 0 && data.definition_level_encoding !== 'RLE')
        fail(`has levels in ${data.definition_level_encoding}, which nobody has written for years`)
      const values = natural(data.num_values, fail)
      return { kind: 'data', values, encoding: data.encoding, levels: undefined, section: whole() }
    },
    // Here levels are never packed, and stand before what is.
    DATA_PAGE_V2: () => {
      const data: HeaderOf<'data_page_header_v2'> = header.data_page_header_v2 ?? lacking()
      const repetition = natural(data.repetition_levels_byte_length, fail)
      const definition = natural(data.definition_levels_byte_length, fail)
      const before = repetition + definition
      if (before > Math.min(sizes.packed, sizes.size)) fail(`has a page at byte ${begin} shorter than its levels`)
      const extent = {
        begin: begin + before,
        packed: sizes.packed - before,
        size: sizes.size - before,
        codec: data.is_compressed === false ? undefined : codec,
      }
      const levels = input.read(begin + repetition, definition)
      const section = new Section(input, extent, fail)
      return { kind: 'data', values: natural(data.num_values, fail), encoding: data.encoding, levels, section }
    },
  }
  return kinds[header.type]?.()
}

function readHeader(
  input: InputFile,
  at: number,
  end: number,
  fail: Fail,
): { readonly header: PageHeader; readonly begin: number } {
  for (let most = usualHeaderBytes; most <= mostHeaderBytes; most *= 16) {
    const bytes = input.read(at, Math.min(most, end - at))
    const length = thriftStructEnd(bytes, 0)
    if (length !== undefined) {
      const view = new DataView(bytes.buffer, 0, length)
      try {
        return { header: parquetHeader({ view, offset: 0 }), begin: at + length }
      } catch {
        break
      }
    }
    if (bytes.length === end - at) break
  }
  return fail(`has no header of a page at byte ${at}`)
}
