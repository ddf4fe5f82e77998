import type { Encoding } from 'hyparquet'
import { UserError } from '../../base/error.js'
import type { Fail } from '../file-error.js'
import type { FileStretch } from '../file-stretch.js'
import type { InputFile } from '../input-file.js'
import { readDeltas } from './delta.js'
import { readHybrid } from './hybrid.js'
import { type DataPage, pagesOf } from './pages.js'
import type { Section } from './section.js'
import { type ColumnChunk, damaged } from './table.js'

/** Reads `count` values, from byte `from` of a section on. */
type ReadValues<T> = (section: Section, from: number, count: number, fail: Fail) => readonly T[]

/** How values of a type are read, by the encodings that they may be in; a dictionary's entries are plain. */
export type ValueReaders<T> = Readonly<Partial<Record<Encoding, ReadValues<T>>>> & { readonly PLAIN: ReadValues<T> }

/** Bytes of a column, where they lie. */
export interface PlacedBytes {
  /** Bytes. */
  readonly size: number
  /** Where they can be read by themselves. */
  readonly stretch: () => FileStretch
  readonly read: () => Uint8Array
}

/** Byte strings. Only lengths are read. */
export const placedBytes: ValueReaders<PlacedBytes> = {
  // Each stands after its length.
  PLAIN: (section, from, count) => {
    const values: PlacedBytes[] = []
    for (let at = from; values.length < count; ) {
      const size = wordAt(section, at)
      values.push(placedIn(section, at + 4, size))
      at += 4 + size
    }
    return values
  },
  // All lengths stand before the first.
  DELTA_LENGTH_BYTE_ARRAY: (section, from, count, fail) => {
    if (count === 0) return []
    const bytes = section.read(from, section.size - from)
    const { numbers, end } = readDeltas(bytes, count, fail)
    let at = from + end
    return Array.from(numbers, size => {
      if (size < 0) fail('has a value of less than nothing')
      at += size
      return placedIn(section, at - size, size)
    })
  },
}

const placedIn = (section: Section, begin: number, size: number): PlacedBytes => ({
  size,
  stretch: () => section.stretch(begin, size),
  read: () => section.read(begin, size),
})

/** Byte strings as text in UTF-8. */
export const texts: ValueReaders<string> = {
  PLAIN: (...where) => decoded(placedBytes.PLAIN(...where)),
  DELTA_LENGTH_BYTE_ARRAY: (...where) => decoded(placedBytes.DELTA_LENGTH_BYTE_ARRAY!(...where)),
}

const decoder = new TextDecoder()
const decoded = (values: readonly PlacedBytes[]): readonly string[] => values.map(({ read }) => decoder.decode(read()))

/** Whole numbers of four or eight bytes. Errors: for those that a number does not hold. */
export const integers = (bytes: 4 | 8): ValueReaders<number> => ({
  PLAIN: (section, from, count, fail) => {
    const plain = section.read(from, count * bytes)
    const view = new DataView(plain.buffer, plain.byteOffset, plain.length)
    return Array.from({ length: count }, (_, i) => {
      const value = bytes === 4 ? view.getInt32(i * 4, true) : Number(view.getBigInt64(i * 8, true))
      return Number.isSafeInteger(value) ? value : fail('has a number out of range')
    })
  },
})

/**
 * The values of a chunk of a column that is not repeated, a row each; undefined where nothing stands. Errors: `UserError`
 * where a page is damaged, or written in an encoding that is not read.
 */
export function* cellsOf<T>(input: InputFile, chunk: ColumnChunk, readers: ValueReaders<T>): Generator<T | undefined> {
  const fail = damaged(input)
  let dictionary: readonly T[] | undefined
  for (const page of pagesOf(input, chunk, fail)) {
    if (page.kind === 'dictionary') {
      if (dictionary) fail(`has two dictionaries in the column ${chunk.column.path.join('.')}`)
      dictionary = readers.PLAIN(page.section, 0, page.values, fail)
      continue
    }
    const { isThere, from } = levelsOf(page, chunk.column.mostLevel, fail)
    const count = isThere ? isThere.reduce((sum, one) => sum + one, 0) : page.values
    const values = valuesOf(page, from, count, dictionary)
    let next = 0
    for (let row = 0; row < page.values; row++) yield isThere?.[row] === 0 ? undefined : values[next++]
  }

  function valuesOf(page: DataPage, from: number, count: number, entries: readonly T[] | undefined): readonly T[] {
    const { encoding, section } = page
    const read = readers[encoding]
    if (read) return read(section, from, count, fail)
    if (encoding !== 'RLE_DICTIONARY' && encoding !== 'PLAIN_DICTIONARY')
      throw new UserError(
        `${input.path} has values of the column ${chunk.column.path.join('.')} in the encoding ${encoding}, which is not read: write it as pyarrow does unless told otherwise`,
      )
    if (!entries) return fail(`lacks the dictionary of the column ${chunk.column.path.join('.')}`)
    if (count === 0) return []
    const [width] = section.read(from, 1)
    const places = readHybrid(section.read(from + 1, section.size - from - 1), width!, count, fail)
    return Array.from(places, place => entries[place] ?? fail('points beyond a dictionary'))
  }
}

/** Which rows of a page have a value (1), where not all have; and where the values begin. */
function levelsOf(
  { values, levels, section }: DataPage,
  mostLevel: number,
  fail: Fail,
): { readonly isThere: Uint8Array | undefined; readonly from: number } {
  if (mostLevel === 0) return { isThere: undefined, from: 0 }
  const before = levels ? 0 : 4 + wordAt(section, 0)
  const runs = levels ?? section.read(4, before - 4)
  const found = readHybrid(runs, 32 - Math.clz32(mostLevel), values, fail)
  return { isThere: Uint8Array.from(found, level => (level === mostLevel ? 1 : 0)), from: before }
}

function wordAt(section: Section, at: number): number {
  const bytes = section.read(at, 4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}
