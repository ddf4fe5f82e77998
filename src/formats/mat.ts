import { inflateSync } from 'node:zlib'
import { UserError } from '../base/error.js'
import type { Fail } from './file-error.js'
import { InputFile } from './input-file.js'

/** A value of a MAT file: numbers in column order, a text, or a list of structs. */
export type MatValue = readonly number[] | string | readonly MatStruct[]
export type MatStruct = ReadonlyMap<string, MatValue>

/** A devkit's list of synsets is a megabyte; numbers take eight times their bytes here. */
const mostBytes = 16 * 2 ** 20
const mostUnpacked = 64 * 2 ** 20
/** Structs in structs; files of data sets have two levels. */
const deepest = 32

/**
 * The variables of a MATLAB file of level 5, as `save` has written it since 1996, by name: real full arrays of numbers,
 * texts and structs. Others (cells, sparse, complex) are left out.
 *
 * Source: MAT-File Format, MathWorks, "Level 5 MAT-File Format". Errors: `UserError` naming the file where it is damaged,
 * cut short, of level 4, or of version 7.3 (which is HDF5).
 */
export function readMat(path: string): ReadonlyMap<string, MatValue> {
  using input = new InputFile(path)
  if (input.size > mostBytes) failOf(path)(`it has over ${mostBytes / 2 ** 20} MiB`)
  return parseMat(input.read(0, input.size), path)
}

/** As {@link readMat}, of bytes already read; `path` names them in errors. */
export const parseMat = (bytes: Uint8Array, path: string): ReadonlyMap<string, MatValue> =>
  new MatReader(failOf(path)).variables(bytes)

const failOf =
  (path: string): Fail =>
  reason => {
    throw new UserError(`${path} is no MATLAB file that can be read: ${reason}; get the file again`)
  }

/** A piece of a file: its type and its bytes. */
interface Element {
  readonly type: number
  readonly data: Uint8Array
}

type ReadNumber = (view: DataView, at: number, little: boolean) => number

/** Bytes and readers of the types of numbers, by their codes. */
const numeric = new Map<number, { readonly size: number; readonly read: ReadNumber }>([
  [1, { size: 1, read: (view, at) => view.getInt8(at) }],
  [2, { size: 1, read: (view, at) => view.getUint8(at) }],
  [3, { size: 2, read: (view, at, little) => view.getInt16(at, little) }],
  [4, { size: 2, read: (view, at, little) => view.getUint16(at, little) }],
  [5, { size: 4, read: (view, at, little) => view.getInt32(at, little) }],
  [6, { size: 4, read: (view, at, little) => view.getUint32(at, little) }],
  [7, { size: 4, read: (view, at, little) => view.getFloat32(at, little) }],
  [9, { size: 8, read: (view, at, little) => view.getFloat64(at, little) }],
  [12, { size: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) }],
  [13, { size: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) }],
])
const utf8 = 16
const matrix = 14
const compressed = 15

/** Classes of arrays. */
const structs = 2
const chars = 4
const isNumbers = (kind: number): boolean => kind >= 6 && kind <= 15

const headerBytes = 128

class MatReader {
  readonly #fail: Fail
  #little = true
  #unpacked = 0

  constructor(fail: Fail) {
    this.#fail = fail
  }

  variables(file: Uint8Array): ReadonlyMap<string, MatValue> {
    if (file.length < headerBytes) this.#fail('it is too short')
    if (latin(file.subarray(0, 10)) !== 'MATLAB 5.0')
      this.#fail(
        latin(file.subarray(0, 10)) === 'MATLAB 7.3'
          ? "it is of version 7.3 (save it with '-v7')"
          : 'it does not begin as one',
      )
    const mark = latin(file.subarray(126, 128))
    if (mark !== 'IM' && mark !== 'MI') this.#fail('its header is damaged')
    this.#little = mark === 'IM'
    const found = new Map<string, MatValue>()
    for (const element of this.#elements(file.subarray(headerBytes))) {
      const { name, value } = this.#array(element.type === compressed ? this.#inflate(element.data) : element, 0)
      if (value !== undefined) found.set(name, value)
    }
    return found
  }

  #inflate(data: Uint8Array): Element {
    let unpacked: Buffer
    try {
      unpacked = inflateSync(data, { maxOutputLength: Math.max(1, mostUnpacked - this.#unpacked) })
    } catch {
      return this.#fail('compressed data in it is damaged, or too large')
    }
    this.#unpacked += unpacked.length
    const [element] = this.#elements(unpacked)
    return element ?? this.#fail('compressed data in it is empty')
  }

  *#elements(bytes: Uint8Array): Generator<Element> {
    const view = viewOf(bytes)
    for (let at = 0; at < bytes.length; ) {
      if (at + 8 > bytes.length) this.#fail('it is cut short')
      const tag = view.getUint32(at, this.#little)
      // Up to four bytes lie in the tag itself, their number above their type.
      const small = tag >>> 16
      const [type, size, begin] =
        small > 0 ? [tag & 0xffff, small, at + 4] : [tag, view.getUint32(at + 4, this.#little), at + 8]
      if (small > 4 || begin + size > bytes.length) this.#fail('it is cut short or damaged')
      yield { type, data: bytes.subarray(begin, begin + size) }
      // Compressed data is not padded.
      at = small > 0 ? at + 8 : begin + (type === compressed ? size : Math.ceil(size / 8) * 8)
    }
  }

  #array({ type, data }: Element, depth: number): { readonly name: string; readonly value: MatValue | undefined } {
    if (type !== matrix) this.#fail(`an array was expected, and data of type ${type} is there`)
    if (depth > deepest) this.#fail(`its arrays lie in each other over ${deepest} deep`)
    // An array of nothing, in a field that was never set.
    if (data.length === 0) return { name: '', value: [] }
    const parts = [...this.#elements(data)]
    const flags = this.#numbers(parts[0])[0] ?? this.#fail('an array has no class')
    const shape = this.#numbers(parts[1])
    const name = latin(this.#part(parts, 2).data)
    const kind = flags & 0xff
    const complex = (flags & 0x800) !== 0
    if (kind === structs) return { name, value: this.#structs(parts, shape, depth) }
    if (kind === chars) return { name, value: this.#text(this.#part(parts, 3)) }
    if (isNumbers(kind) && !complex) return { name, value: this.#numbers(parts[3]) }
    return { name, value: undefined }
  }

  #structs(parts: readonly Element[], shape: readonly number[], depth: number): MatStruct[] {
    const length = this.#numbers(parts[3])[0] ?? 0
    const names = this.#part(parts, 4).data
    if (length < 1 || names.length % length !== 0) this.#fail('the names of a struct are damaged')
    const fields = Array.from({ length: names.length / length }, (_, i) =>
      latin(names.subarray(i * length, (i + 1) * length)),
    )
    const count = shape.reduce((product, n) => product * n, 1)
    if (fields.length === 0) return []
    if (count * fields.length !== parts.length - 5) this.#fail('a list of structs has not as many values as it says')
    return Array.from({ length: count }, (_, i) => {
      const struct = new Map<string, MatValue>()
      for (const [j, field] of fields.entries()) {
        const { value } = this.#array(parts[5 + i * fields.length + j]!, depth + 1)
        if (value !== undefined) struct.set(field, value)
      }
      return struct
    })
  }

  #numbers(element: Element | undefined): number[] {
    if (!element) return this.#fail('a part of an array is missing')
    const form = numeric.get(element.type) ?? this.#fail(`numbers of type ${element.type} are not known`)
    if (element.data.length % form.size !== 0) this.#fail('numbers in it are cut short')
    const view = viewOf(element.data)
    return Array.from({ length: element.data.length / form.size }, (_, i) =>
      form.read(view, i * form.size, this.#little),
    )
  }

  /** A row of characters. Text of several rows comes column by column, as it is stored. */
  #text(element: Element): string {
    if (element.type === utf8) return new TextDecoder().decode(element.data)
    return this.#numbers(element)
      .map(code => String.fromCharCode(code))
      .join('')
  }

  #part(parts: readonly Element[], place: number): Element {
    return parts[place] ?? this.#fail('a part of an array is missing')
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1').replace(/\0.*$/s, '')
