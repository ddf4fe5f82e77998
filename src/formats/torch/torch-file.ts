import { crc32 } from 'node:zlib'
import { nearest, UserError } from '../../base/error.js'
import { sizeOf } from '../../base/shape.js'
import { quote } from '../header-json.js'
import { InputFile } from '../input-file.js'
import { type TensorInfo, tensorLength } from '../safetensors-header.js'
import { legacyMagic, readLegacyForm } from './legacy-form.js'
import type { Fail } from './state-dict.js'
import type { PlacedTensors, StoragePlace } from './storage-place.js'
import type { TensorReference } from './tensor-reference.js'
import { readZipForm, zipMagic } from './zip-form.js'

/**
 * A `.pth` file or `pytorch_model.bin` open for reading. Only what its pickle says is in memory; each tensor is read when
 * asked for, so the file may be larger than the memory.
 */
export class TorchFile implements Disposable {
  readonly path: string
  /** Type and shape of every tensor by its name, in the order of the state dict. */
  readonly tensors: ReadonlyMap<string, Pick<TensorInfo, 'dtype' | 'shape'>>
  readonly #input: InputFile
  readonly #placed: PlacedTensors
  /** Storages whose checksum was found right. */
  readonly #verified = new Set<StoragePlace>()

  constructor(input: InputFile, placed: PlacedTensors) {
    this.path = input.path
    this.tensors = new Map(
      [...placed.tensors].map(([name, { storage, shape }]) => [name, { dtype: storage.dtype, shape }]),
    )
    this.#input = input
    this.#placed = placed
  }

  /**
   * The elements of one tensor, little-endian and row-major, at the start of memory of their own. Takes no more memory
   * than the tensor and the part of its storage that it is spread over. Errors: `UserError` when there is no such tensor
   * or its storage fails its checksum.
   */
  read(name: string): Uint8Array<ArrayBuffer> {
    const tensor = this.#placed.tensors.get(name)
    if (tensor === undefined) {
      const close = nearest(name, [...this.tensors.keys()])
      const hint = close === undefined ? `it has ${this.tensors.size} others` : `did you mean ${quote(close)}?`
      throw new UserError(`${this.path} has no tensor ${quote(name)}: ${hint}`)
    }
    const place = this.#placed.places.get(tensor.storage.key)!
    this.#verify(place, name)
    const elementLength = tensorLength(tensor.storage.dtype, [])!
    const span = spanOf(tensor)
    const bytes = this.#input.read(place.begin + tensor.begin * elementLength, span * elementLength)
    return isRowMajor(tensor) ? bytes : gather(bytes, tensor, elementLength)
  }

  #verify(place: StoragePlace, name: string): void {
    if (place.crc32 === undefined || this.#verified.has(place)) return
    let sum = 0
    for (const piece of this.#input.pieces(place.begin, place.begin + place.length)) sum = crc32(piece, sum)
    if (sum !== place.crc32)
      throw new UserError(`${this.path} is damaged: the storage of ${quote(name)} fails its checksum; get it again`)
    this.#verified.add(place)
  }

  close(): void {
    this.#input.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Whether a file begins as one that PyTorch wrote, in either of its forms. */
export function looksLikeTorch(start: Uint8Array): boolean {
  return [zipMagic, legacyMagic].some(magic => startsWith(start, magic))
}

/** How many bytes of a file `looksLikeTorch` wants to see. */
export const torchMagicLength = Math.max(zipMagic.length, legacyMagic.length)

const startsWith = (bytes: Uint8Array, magic: readonly number[]) => magic.every((byte, i) => bytes[i] === byte)

/** Opens a file of either form and reads its pickle. Errors: `UserError` naming the file and what is wrong with it. */
export async function openTorch(path: string): Promise<TorchFile> {
  const fail: Fail = reason => {
    throw new UserError(
      `${path} cannot be read as tensors of PyTorch: ${reason}; get it again, or save the model's state_dict() with torch.save`,
    )
  }
  const input = new InputFile(path)
  try {
    const start = input.read(0, Math.min(input.size, torchMagicLength))
    if (startsWith(start, zipMagic)) return new TorchFile(input, await readZipForm(input, fail))
    if (startsWith(start, legacyMagic)) return new TorchFile(input, readLegacyForm(input, fail))
    return fail('it does not begin as torch.save writes')
  } catch (error) {
    input.close()
    throw error
  }
}

/** Elements from the first to the last of a tensor in its storage, both counted. */
const spanOf = ({ shape, strides }: TensorReference): number =>
  sizeOf(shape) === 0 ? 0 : shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1)

function isRowMajor({ shape, strides }: TensorReference): boolean {
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== step) return false
    step *= shape[axis]!
  }
  return true
}

/** The elements of a tensor in row-major order out of its span, moved as words, which no NaN is changed in. */
function gather(span: Uint8Array<ArrayBuffer>, { shape, strides }: TensorReference, elementLength: number) {
  const Words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Uint32Array }[elementLength]!
  const wordsEach = elementLength / Words.BYTES_PER_ELEMENT
  const from = new Words(span.buffer)
  const to = new Words(sizeOf(shape) * wordsEach)
  const index = new Array<number>(shape.length).fill(0)
  let at = 0
  for (let i = 0; i < to.length; i += wordsEach) {
    for (let word = 0; word < wordsEach; word++) to[i + word] = from[at * wordsEach + word]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return new Uint8Array(to.buffer)
}
