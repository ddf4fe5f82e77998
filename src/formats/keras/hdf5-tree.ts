import type { Shape } from '../../base/shape.js'
import type { Fail } from '../file-error.js'
import { quote } from '../header-json.js'
import { type TensorType, tensorLength } from '../safetensors-header.js'
import { halvesToFloats } from './half.js'

type H5Module = typeof import('h5wasm').Module
type H5Metadata = ReturnType<H5Module['get_dataset_metadata']>

/** H5T_class_t of HDF5. */
const integerClass = 0
const floatClass = 1
const stringClass = 3

/** Far more layers, or weights of a layer, than any network has. */
export const mostNames = 100_000

/**
 * Groups, attributes and data sets of an HDF5 file by their paths. The library is asked only for what its answer before
 * shows to be there and to have a bearable size; whatever it complains of on the way is an error, because it returns parts
 * of what it could not read whole.
 */
export class Hdf5Tree {
  readonly #module: H5Module
  readonly #file: bigint
  readonly #size: number
  readonly #complaint: () => string | undefined
  readonly #fail: Fail

  /**
   * @param size bytes of the file
   * @param complaint what the library has complained of since it was asked last
   */
  constructor(module: H5Module, file: bigint, size: number, complaint: () => string | undefined, fail: Fail) {
    this.#module = module
    this.#file = file
    this.#size = size
    this.#complaint = complaint
    this.#fail = fail
  }

  /** Whether there is a group, a data set or something else at `path`. */
  kind(path: string): 'group' | 'dataset' | 'other' | undefined {
    const kind = this.#ask(quote(path), () => this.#module.get_type(this.#file, path))
    if (kind === -1) return undefined
    if (kind === this.#module.H5G_UDLINK)
      return this.#fail(`${quote(path)} is a link to another file, which is not followed`)
    return kind === this.#module.H5G_GROUP ? 'group' : kind === this.#module.H5G_DATASET ? 'dataset' : 'other'
  }

  /** The names in the group at `path`, in order. */
  names(path: string): readonly string[] {
    return this.#ask(quote(path), () => this.#module.get_names(this.#file, path, false))
  }

  hasAttribute(path: string, name: string): boolean {
    return this.#ask(quote(path), () => this.#module.get_attribute_names(this.#file, path)).includes(name)
  }

  /** The texts of an attribute: one, or a list of them; none when it is empty. */
  texts(path: string, name: string): string[] {
    const at = `attribute ${name} of ${quote(path)}`
    const metadata = this.#ask(at, () => this.#module.get_attribute_metadata(this.#file, path, name))
    const count = this.#countOf(metadata, at)
    // An empty list has no type of its own: it is written as one of numbers.
    if (count === 0) return []
    if (metadata.type !== stringClass) this.#fail(`${at} is not text`)
    if (count > mostNames) this.#fail(`${at} has ${count} entries`)
    return this.#withMemory(count * metadata.size, at, (bytes, pointer) => {
      if (this.#ask(at, () => this.#module.get_attribute_data(this.#file, path, name, pointer)) < 0)
        this.#fail(`${at} cannot be read`)
      if (metadata.vlen) return this.#pointedTexts(bytes())
      return Array.from({ length: count }, (_, i) =>
        this.#text(bytes().subarray(i * metadata.size, (i + 1) * metadata.size), at),
      )
    })
  }

  /** Element type and shape of the data set at `path`; the type is undefined when it is not one of numbers. */
  dataset(path: string): { readonly dtype: TensorType | undefined; readonly shape: Shape } {
    const metadata = this.#datasetAt(path)
    return { dtype: typeOf(metadata), shape: metadata.shape ?? [] }
  }

  /** The numbers of the data set at `path`, row-major; those of 16 and 64 bits converted. */
  floats(path: string): Float32Array<ArrayBuffer> {
    const metadata = this.#datasetAt(path)
    const dtype = typeOf(metadata)
    if (dtype !== 'F16' && dtype !== 'F32' && dtype !== 'F64')
      return this.#fail(`${quote(path)} holds ${dtype ?? 'no numbers'}, and weights are floating-point numbers`)
    if (this.#ask(quote(path), () => this.#module.get_dataset_filters(this.#file, path)).length > 0)
      this.#fail(`${quote(path)} is compressed, which Keras does not do; save the model again without compression`)
    const length = metadata.total_size * metadata.size
    return this.#withMemory(length, quote(path), (bytes, pointer) => {
      const status = this.#ask(quote(path), () =>
        this.#module.get_dataset_data(this.#file, path, null, null, null, pointer),
      )
      if (status < 0) this.#fail(`${quote(path)} cannot be read`)
      if (dtype === 'F16') return halvesToFloats(bytes())
      // A copy starts at a multiple of the element's size, and belongs to us.
      const copy = bytes().slice().buffer
      return dtype === 'F32' ? new Float32Array(copy) : Float32Array.from(new Float64Array(copy))
    })
  }

  #datasetAt(path: string): H5Metadata {
    const metadata = this.#ask(quote(path), () => this.#module.get_dataset_metadata(this.#file, path))
    if (metadata.virtual_sources !== undefined) this.#fail(`${quote(path)} lies in other files, which are not read`)
    this.#countOf(metadata, quote(path))
    for (const axis of metadata.chunks ?? []) if (axis > this.#size) this.#fail(`${quote(path)} has impossible chunks`)
    return metadata
  }

  /** The number of elements; there cannot be more than fit the file, or memory would be asked for in vain. */
  #countOf({ shape, size, chunks }: H5Metadata, at: string): number {
    if (shape === null) return 0
    for (const lengths of [shape, chunks ?? []]) {
      const bytes = tensorLength('U8', [...lengths, size])
      if (bytes === undefined || bytes > this.#size) this.#fail(`${at} claims to be larger than the file`)
    }
    return shape.reduce((count, axis) => count * axis, 1)
  }

  /** Texts of any length: their places in the library's memory stand in `bytes`. */
  #pointedTexts(bytes: Uint8Array): string[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: bytes.length / 4 }, (_, i) => {
      const heap = this.#module.HEAPU8
      const start = view.getUint32(4 * i, true)
      return start === 0 ? '' : this.#text(heap.subarray(start, heap.indexOf(0, start)), 'a text')
    })
  }

  #text(bytes: Uint8Array, at: string): string {
    const end = bytes.indexOf(0)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(end < 0 ? bytes : bytes.subarray(0, end))
    } catch {
      return this.#fail(`${at} is not UTF-8 text`)
    }
  }

  /** Calls `use` with `length` bytes of the library's memory, which moves when it grows, and their address. */
  #withMemory<T>(length: number, at: string, use: (bytes: () => Uint8Array<ArrayBuffer>, pointer: bigint) => T): T {
    const pointer = this.#module._malloc(length)
    if (pointer === 0) return this.#fail(`there is no memory for ${at}`)
    try {
      return use(() => new Uint8Array(this.#module.HEAPU8.buffer as ArrayBuffer, pointer, length), BigInt(pointer))
    } finally {
      this.#module._free(pointer)
    }
  }

  #ask<T>(at: string, question: () => T): T {
    let answer: T
    try {
      answer = question()
    } catch (error) {
      return this.#fail(
        `${at} cannot be read (${this.#complaint() ?? (error instanceof Error ? error.message : error)})`,
      )
    }
    const complaint = this.#complaint()
    return complaint === undefined ? answer : this.#fail(`${at} cannot be read (${complaint})`)
  }
}

function typeOf({ type, size, signed, vlen }: H5Metadata): TensorType | undefined {
  if (vlen) return undefined
  if (type === floatClass) return ({ 2: 'F16', 4: 'F32', 8: 'F64' } as const)[size]
  if (type !== integerClass) return undefined
  return signed
    ? ({ 1: 'I8', 2: 'I16', 4: 'I32', 8: 'I64' } as const)[size]
    : ({ 1: 'U8', 2: 'U16', 4: 'U32', 8: 'U64' } as const)[size]
}
