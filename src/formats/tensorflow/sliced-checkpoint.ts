import { UserError } from '../../base/error.js'
import { sameShape, sizeOf } from '../../base/shape.js'
import type { Fail } from '../file-error.js'
import { quote } from '../header-json.js'
import { tensorLength } from '../safetensors-header.js'
import { type CheckpointTensor, type TensorflowCheckpoint, tensorNamed } from './checkpoint-tensor.js'
import { readSavedTensorSlices, readSavedTensors, type SavedTensor, tensorTypeOf } from './messages.js'
import { checkCover, mostSlices, placeSlice, type Slice, sliceOf } from './slice.js'
import { type BlockPlace, type PlacedEntry, TableFile } from './table.js'
import { readTensorValues } from './tensor-values.js'

/** A slice and where its record lies: `length` bytes from `start` in a block. */
interface PlacedSlice extends Slice {
  readonly block: BlockPlace
  readonly start: number
  readonly length: number
}

interface SlicedTensor extends CheckpointTensor {
  readonly expected: readonly Slice[]
  readonly slices: PlacedSlice[]
}

/**
 * A checkpoint of the first kind: one table, whose first record, with an empty key, lists the tensors, and whose others
 * hold a slice of a tensor each (tensorflow/core/util/tensor_slice_writer.cc). Their keys say again what the records do.
 * The whole file is read once when it is opened, one block at a time, and each block verified.
 */
export class SlicedCheckpoint implements TensorflowCheckpoint {
  readonly path: string
  readonly files: readonly string[]
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  readonly others: readonly string[]
  readonly #table: TableFile
  readonly #sliced = new Map<string, SlicedTensor>()
  readonly #fail: Fail

  /** Errors: `UserError` naming the file and what is wrong with it. */
  constructor(path: string) {
    this.path = path
    this.files = [path]
    this.#fail = reason => {
      throw new UserError(`${path} is a damaged TensorFlow checkpoint: ${reason}; get it again`)
    }
    this.#table = new TableFile(path)
    try {
      const others = new Set<string>()
      let listed = false
      for (const entry of this.#table.entries()) {
        if (listed) this.#addSlice(entry, others)
        else this.#list(entry, others)
        listed = true
      }
      if (!listed) this.#fail('it holds nothing')
      for (const { name, shape, expected, slices } of this.#sliced.values()) {
        checkCover(slices, shape, name, this.#fail)
        if (slices.length !== expected.length || !slices.every(slice => expected.some(other => same(slice, other))))
          this.#fail(`tensor ${quote(name)} is not cut as the list of tensors says`)
      }
      this.tensors = this.#sliced
      this.others = [...others]
    } catch (error) {
      this.close()
      throw error
    }
  }

  read(name: string): Uint8Array<ArrayBuffer> {
    const { dtype, shape, slices } = tensorNamed(this.#sliced, name, this.path)
    const target = new Uint8Array(slices.length === 1 ? 0 : tensorLength(dtype, shape)!)
    let at: BlockPlace | undefined
    let block = new Uint8Array() as Uint8Array
    // Slices stand here in the order of the file, so those of one block follow each other.
    for (const slice of slices) {
      if (at?.offset !== slice.block.offset) block = this.#table.block((at = slice.block))
      const { data } = readSavedTensorSlices(block.subarray(slice.start, slice.start + slice.length), this.#fail)
      if (data === undefined) this.#fail(`a record of tensor ${quote(name)} is empty`)
      const values = readTensorValues(data.data, dtype, sizeOf(slice.shape), this.#fail)
      if (slices.length === 1) return values
      placeSlice(target, shape, slice, values)
    }
    return target
  }

  close(): void {
    this.#table.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #list({ key, value }: PlacedEntry, others: Set<string>): void {
    const meta = key.length === 0 ? readSavedTensorSlices(value, this.#fail).meta : undefined
    if (meta === undefined) this.#fail('it does not begin with a list of tensors')
    for (const tensor of readSavedTensors(meta, this.#fail)) {
      const { name, shape } = tensor
      if (this.#sliced.has(name) || others.has(name)) this.#fail(`tensor ${quote(name)} is listed twice`)
      const dtype = tensorTypeOf(tensor.dataType)
      if (dtype === undefined) others.add(name)
      else if (tensorLength(dtype, shape) === undefined) this.#fail(`tensor ${quote(name)} has an impossible shape`)
      else this.#sliced.set(name, { name, dtype, shape, expected: this.#slicesOf(tensor), slices: [] })
    }
  }

  #slicesOf({ name, shape, slices }: SavedTensor): Slice[] {
    if (slices.length > mostSlices) this.#fail(`tensor ${quote(name)} is cut in more than ${mostSlices} slices`)
    return slices.map(extents => sliceOf(extents, shape, name, this.#fail))
  }

  #addSlice({ value, block, start }: PlacedEntry, others: ReadonlySet<string>): void {
    const { data } = readSavedTensorSlices(value, this.#fail)
    if (data === undefined) this.#fail('a record holds no slice of a tensor')
    const tensor = this.#sliced.get(data.name)
    if (tensor === undefined) {
      if (!others.has(data.name)) this.#fail(`tensor ${quote(data.name)} is not in the list of tensors`)
      return
    }
    const slice = sliceOf(data.extents, tensor.shape, data.name, this.#fail)
    if (sizeOf(slice.shape) > data.data.length) this.#fail(`a slice of tensor ${quote(data.name)} is cut short`)
    tensor.slices.push({ ...slice, block, start, length: value.length })
  }
}

const same = (a: Slice, b: Slice): boolean => sameShape(a.starts, b.starts) && sameShape(a.shape, b.shape)
