import { readFileSync } from 'node:fs'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { UserError } from '../../../src/base/error.js'
import { parquet } from '../../../src/data/sources/parquet.js'
import { unpack } from '../../../src/formats/codecs.js'
import { InputFile } from '../../../src/formats/input-file.js'
import type { DamagedFiles } from '../../formats/damaged-files.js'
import { featuresNote, type ParquetRow, type ParquetStyle, parquetOf } from './parquet-writer.js'

function withLengthsFirst(rows: readonly ParquetRow[]): Uint8Array {
  const image = { name: 'image', type: 'BYTE_ARRAY', encoding: 'DELTA_LENGTH_BYTE_ARRAY' } as const
  const label = { name: 'label', type: 'BYTE_ARRAY', encoding: 'DELTA_LENGTH_BYTE_ARRAY' } as const
  const columnData = [
    { ...image, data: rows.map(({ bytes }) => bytes) },
    { ...label, data: rows.map(row => Buffer.from(`${row.label}`)) },
  ]
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

const realFiles = (): readonly Uint8Array[] =>
  ['pyarrow-snappy-small-pages', 'pyarrow-zstd-small-pages', 'duckdb-v1'].map(name =>
    readFileSync(new URL(`../../../../test/data/fixtures/parquet/${name}.parquet`, import.meta.url)),
  )

/** Every form of page and codec, with so little in it that damage meets structure; and what other programs write. */
export function damagedParquet(): DamagedFiles {
  const rows: readonly ParquetRow[] = ['one', 'two', 'two and a half', ''].map((text, i) => ({
    bytes: Buffer.from(text.repeat(99)),
    path: i === 1 ? null : `${text}.jpg`,
    label: i % 2,
  }))
  const styles: readonly ParquetStyle[] = [
    { note: featuresNote(['a', 'b']) },
    { version: 2, rowsPerPage: 2 },
    { codec: 'UNCOMPRESSED', rowsPerPage: 1, rowsPerGroup: 3 },
    { codec: 'GZIP', pagesByDictionary: 0 },
    { codec: 'BROTLI', version: 2 },
    { codec: 'ZSTD' },
    { codec: 'LZ4_RAW', labelType: 'INT32' },
    { codec: 'LZ4', version: 2 },
  ]
  return {
    originals: [...styles.map(style => parquetOf(rows, style)), withLengthsFirst(rows), ...realFiles()],
    ending: '.parquet',
    read(file) {
      using input = new InputFile(file)
      const fail = (reason: string): never => {
        throw new UserError(`${file} ${reason}`)
      }
      parquet.classNames?.(input)
      for (const { part } of parquet.scan(input)) {
        if (!part || part.begin + part.size > input.size) throw new Error('an image lies outside its file')
        const { codec, unpacked, begin, size } = part.packing ?? { begin: 0, size: 0, unpacked: 0 }
        if (begin + size > unpacked) throw new Error('an image lies outside what holds it')
        if (codec) unpack(codec, input.read(part.begin, part.size), unpacked, fail)
      }
    },
  }
}
