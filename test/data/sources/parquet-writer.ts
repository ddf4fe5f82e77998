import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { ColumnChunk, CompressionCodec, Encoding, PageHeader, ParquetType, SchemaElement } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js'
import { writeMetadata } from 'hyparquet-writer/src/metadata.js'
import { compressSnappy } from '../../formats/tensorflow-writer.js'

// Parquet files as pyarrow writes them, which hyparquet-writer does not: pages of both versions, several in a chunk, and
// a dictionary that is given up when it grows.

export interface ParquetRow {
  readonly bytes: Uint8Array | null
  readonly path: string | null
  readonly label: number | string | null
}

export interface ParquetStyle {
  readonly codec?: CompressionCodec
  readonly version?: 1 | 2
  readonly rowsPerGroup?: number
  readonly rowsPerPage?: number
  /** How many pages of a chunk point at its dictionary. @default one */
  readonly pagesByDictionary?: number
  /** Names of the columns. */
  readonly image?: string
  readonly label?: string
  readonly labelType?: 'INT32' | 'INT64' | 'BYTE_ARRAY'
  /** What a footer says under 'huggingface'. @default nothing */
  readonly note?: string
}

/** What Hugging Face's library says of a data set of images. */
export const featuresNote = (names: readonly string[], image = 'image', label = 'label'): string =>
  JSON.stringify({ info: { features: { [image]: { _type: 'Image' }, [label]: { names, _type: 'ClassLabel' } } } })

export function parquetOf(rows: readonly ParquetRow[], style: ParquetStyle = {}): Buffer {
  const { rowsPerGroup = rows.length, image = 'image', label = 'label', labelType = 'INT64', note } = style
  const optional = { repetition_type: 'OPTIONAL' } as const
  const schema: SchemaElement[] = [
    { name: 'schema', num_children: 2 },
    { name: image, num_children: 2, ...optional },
    { name: 'bytes', type: 'BYTE_ARRAY', ...optional },
    { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
    { name: label, type: labelType, ...optional },
  ]
  const writer = new ByteWriter()
  writer.appendBytes(Buffer.from('PAR1'))
  const row_groups = []
  for (let from = 0; from < rows.length; from += rowsPerGroup) {
    const group = rows.slice(from, from + rowsPerGroup)
    const columns = [
      chunkOf(
        writer,
        [image, 'bytes'],
        'BYTE_ARRAY',
        2,
        group.map(row => row.bytes),
        style,
      ),
      chunkOf(
        writer,
        [image, 'path'],
        'BYTE_ARRAY',
        2,
        group.map(row => row.path),
        style,
      ),
      chunkOf(
        writer,
        [label],
        labelType,
        1,
        group.map(row => row.label),
        style,
      ),
    ]
    row_groups.push({ columns, total_byte_size: 0n, num_rows: BigInt(group.length) })
  }
  writeMetadata(writer, {
    version: 2,
    schema,
    num_rows: BigInt(rows.length),
    row_groups,
    ...(note !== undefined && { key_value_metadata: [{ key: 'huggingface', value: note }] }),
    metadata_length: 0,
  })
  writer.appendBytes(Buffer.from('PAR1'))
  return Buffer.from(writer.getBytes())
}

type Value = Uint8Array | string | number | null

function chunkOf(
  writer: ByteWriter,
  path: string[],
  type: ParquetType,
  mostLevel: number,
  values: readonly Value[],
  { codec = 'SNAPPY', version = 1, rowsPerPage = values.length, pagesByDictionary = 1 }: ParquetStyle,
): ColumnChunk {
  const begin = writer.offset
  const encode = encoders[type] ?? assertNever(type)
  const compress = compressors[codec] ?? assertNever(codec)
  const plain = (some: readonly Value[]) => Buffer.concat(some.filter(value => value !== null).map(encode))
  const write = (
    header: Omit<PageHeader, 'compressed_page_size' | 'uncompressed_page_size'>,
    levels: Buffer,
    body: Buffer,
  ) => {
    const packed = compress(body)
    writePageHeader(writer, {
      ...header,
      uncompressed_page_size: levels.length + body.length,
      compressed_page_size: levels.length + packed.length,
    })
    writer.appendBytes(levels)
    writer.appendBytes(packed)
  }
  const entries = [...new Set(values.slice(0, pagesByDictionary * rowsPerPage).filter(value => value !== null))]
  if (pagesByDictionary > 0) {
    const dictionary_page_header = { num_values: entries.length, encoding: 'PLAIN' } as const
    write({ type: 'DICTIONARY_PAGE', dictionary_page_header }, Buffer.alloc(0), plain(entries))
  }
  const firstPage = writer.offset
  for (let page = 0; page * rowsPerPage < values.length; page++) {
    const some = values.slice(page * rowsPerPage, (page + 1) * rowsPerPage)
    const isPlain = page >= pagesByDictionary
    const encoding: Encoding = isPlain ? 'PLAIN' : 'RLE_DICTIONARY'
    const body = isPlain ? plain(some) : placesOf(some, entries)
    const levels = hybrid(
      some.map(value => (value === null ? mostLevel - 1 : mostLevel)),
      mostLevel,
    )
    const kinds = { definition_level_encoding: 'RLE', repetition_level_encoding: 'RLE' } as const
    const num_values = some.length
    if (version === 1) {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(levels.length)
      const data_page_header = { num_values, encoding, ...kinds }
      write({ type: 'DATA_PAGE', data_page_header }, Buffer.alloc(0), Buffer.concat([length, levels, body]))
    } else {
      const data_page_header_v2 = {
        ...{ num_values, num_nulls: some.filter(value => value === null).length, num_rows: num_values, encoding },
        ...{ definition_levels_byte_length: levels.length, repetition_levels_byte_length: 0 },
        is_compressed: codec !== 'UNCOMPRESSED',
      }
      write({ type: 'DATA_PAGE_V2', data_page_header_v2 }, levels, body)
    }
  }
  return {
    file_offset: BigInt(begin),
    meta_data: {
      ...{ type, encodings: ['PLAIN', 'RLE_DICTIONARY', 'RLE'], path_in_schema: path, codec },
      num_values: BigInt(values.length),
      total_uncompressed_size: BigInt(writer.offset - begin),
      total_compressed_size: BigInt(writer.offset - begin),
      data_page_offset: BigInt(firstPage),
      ...(pagesByDictionary > 0 && { dictionary_page_offset: BigInt(begin) }),
    },
  }
}

function placesOf(values: readonly Value[], entries: readonly Value[]): Buffer {
  const width = 32 - Math.clz32(Math.max(0, entries.length - 1))
  const places = values.filter(value => value !== null).map(value => entries.indexOf(value))
  return Buffer.concat([Buffer.of(width), hybridOfWidth(places, width)])
}

const hybrid = (levels: number[], mostLevel: number) => hybridOfWidth(levels, 32 - Math.clz32(mostLevel))

function hybridOfWidth(numbers: number[], width: number): Buffer {
  const writer = new ByteWriter()
  if (width > 0 && numbers.length > 0) writeRleBitPackedHybrid(writer, numbers, width)
  return Buffer.from(writer.getBytes())
}

const encoders: Partial<Record<ParquetType, (value: Value) => Buffer>> = {
  BYTE_ARRAY: value => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return Buffer.concat([length, bytes])
  },
  INT32: value => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value as number)
    return bytes
  },
  INT64: value => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value as number))
    return bytes
  },
}

const compressors: Partial<Record<CompressionCodec, (bytes: Uint8Array) => Buffer>> = {
  UNCOMPRESSED: bytes => Buffer.from(bytes),
  SNAPPY: snappyInFragments,
  GZIP: bytes => gzipSync(bytes),
  BROTLI: bytes => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }),
  ZSTD: zstdOfRawBlocks,
  LZ4_RAW: lz4OfLiterals,
  LZ4: bytes => {
    const packed = lz4OfLiterals(bytes)
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32BE(bytes.length)
    lengths.writeUInt32BE(packed.length, 4)
    return Buffer.concat([lengths, packed])
  },
}

/** As Google's compressor: every 65,536 bytes it begins anew. */
export function snappyInFragments(bytes: Uint8Array): Buffer {
  const parts: Buffer[] = [varint(bytes.length)]
  for (let from = 0; from < bytes.length; from += 65536) {
    const fragment = Buffer.from(bytes.subarray(from, from + 65536))
    parts.push(compressSnappy(fragment).subarray(varint(fragment.length).length))
  }
  return Buffer.concat(parts)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
  return Buffer.of(...bytes, value)
}

/** A frame that says its length (RFC 8878, 3.1.1), with blocks that are not compressed. */
function zstdOfRawBlocks(bytes: Uint8Array): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0])
  head.writeUInt32LE(bytes.length, 5)
  const parts: Uint8Array[] = [head]
  for (let from = 0; from === 0 || from < bytes.length; from += 2 ** 17) {
    const block = bytes.subarray(from, from + 2 ** 17)
    const isLast = from + 2 ** 17 >= bytes.length ? 1 : 0
    const size = Buffer.alloc(3)
    size.writeUIntLE(block.length * 8 + isLast, 0, 3)
    parts.push(size, block)
  }
  return Buffer.concat(parts)
}

/** One sequence that copies nothing (lz4_Block_format.md). */
function lz4OfLiterals(bytes: Uint8Array): Buffer {
  if (bytes.length < 15) return Buffer.concat([Buffer.of(bytes.length << 4), bytes])
  const more = bytes.length - 15
  return Buffer.concat([Buffer.of(0xf0), Buffer.alloc(Math.floor(more / 255), 255), Buffer.of(more % 255), bytes])
}

function assertNever(what: string): never {
  throw new Error(`this writer does not know ${what}`)
}
