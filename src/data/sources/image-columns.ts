import { UserError } from '../../base/error.js'
import { parseJson } from '../../formats/json-file.js'
import type { ParquetColumn, ParquetTable } from '../../formats/parquet/table.js'
import { wnidsNamed } from '../imagenet-classes.js'

/** Columns of a table that hold images and their classes. */
export interface ImageColumns {
  /** Bytes of image files. */
  readonly image: ParquetColumn
  /** What the files were called. */
  readonly name: ParquetColumn | undefined
  readonly label: ParquetColumn
  /** How classes are written there. */
  readonly labelKind: LabelKind
  /** Names of classes 0, 1, … where the table says them. */
  readonly classNames: readonly string[] | undefined
}

/** Physical types that a class may have: its number or its name. */
const labelKinds = { INT32: 'int32', INT64: 'int64', BYTE_ARRAY: 'text' } as const
export type LabelKind = (typeof labelKinds)[keyof typeof labelKinds]

/** What the columns are called where the table does not say which is one; the first that is there counts. */
const imageNames = ['image', 'img', 'jpg', 'jpeg', 'png', 'webp']
const labelNames = ['label', 'labels', 'class', 'cls', 'target', 'fine_label']

/** In a message about a table that has hundreds. */
const mostNamed = 12

/**
 * The columns of images and classes, by what Hugging Face's library wrote of them in the table, or by their names. An
 * image is a struct of `bytes` and `path`, or a column of bytes.
 *
 * Errors: `UserError` beginning with `file` where there is no such column, or which of several it is cannot be told.
 */
export function imageColumns({ columns, notes }: ParquetTable, file: string): ImageColumns {
  const features = featuresIn(notes, file)
  const single = columns.filter(({ isRepeated }) => !isRepeated)
  const choose = (what: string, candidates: readonly ParquetColumn[], kind: string, names: readonly string[]) => {
    const said = candidates.filter(({ path: [name] }) => features.get(name!)?._type === kind)
    const byName = names.map(name => candidates.find(({ path }) => path[0] === name)).find(one => one !== undefined)
    const chosen = said.length === 1 ? said[0] : said.length > 1 ? said.find(one => one === byName) : byName
    if (chosen) return chosen
    const some = columns.slice(0, mostNamed).map(({ path }) => path.join('.'))
    const there = [...some, ...(columns.length > mostNamed ? ['…'] : [])].join(', ')
    throw new UserError(
      `${file} has ${said.length > 1 ? 'several columns' : 'no column'} of ${what} (its columns: ${there}): call one ${names.join(', ')}`,
    )
  }
  const image = choose('images', single.filter(isBytes), 'Image', imageNames)
  const name = single.find(({ path, type }) => path[0] === image.path[0] && path[1] === 'path' && type === 'BYTE_ARRAY')
  const isLabel = ({ path, type }: ParquetColumn) => path.length === 1 && type in labelKinds
  const label = choose('classes', single.filter(isLabel), 'ClassLabel', labelNames)
  const said = features.get(label.path[0]!)?.names
  const classNames = Array.isArray(said) && said.every(one => typeof one === 'string') ? said : undefined
  return {
    ...{ image, name, label },
    labelKind: labelKinds[label.type as keyof typeof labelKinds],
    classNames: classNames && (wnidsNamed(classNames) ?? classNames),
  }
}

const isBytes = ({ path, type, isText }: ParquetColumn): boolean =>
  type === 'BYTE_ARRAY' && !isText && (path.length === 1 || (path.length === 2 && path[1] === 'bytes'))

/** What Hugging Face's library says of a column. */
interface Feature {
  readonly _type?: unknown
  readonly names?: unknown
}

const noteKey = 'huggingface'

function featuresIn(notes: ParquetTable['notes'], file: string): ReadonlyMap<string, Feature> {
  const note = notes.get(noteKey)
  if (note === undefined) return new Map()
  const found = at(at(parseJson(note, `${file}, what it says under '${noteKey}'`), 'info'), 'features')
  return new Map(Object.entries(objectOf(found)).map(([name, feature]) => [name, objectOf(feature)]))
}

const at = (value: unknown, key: string): unknown => objectOf(value)[key]

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
