import { UserError } from '../../base/error.js'
import { formatShape, sameShape } from '../../base/shape.js'
import { maskedCrc32c } from '../crc32c.js'
import type { Fail } from '../file-error.js'
import { quote } from '../header-json.js'
import { InputFile } from '../input-file.js'
import { tensorLength } from '../safetensors-header.js'
import { type CheckpointTensor, type TensorflowCheckpoint, tensorNamed } from './checkpoint-tensor.js'
import { type BundleEntry, readBundleEntry, readBundleHeader, tensorTypeOf } from './messages.js'
import { checkCover, placeSlice, type Slice, sliceOf } from './slice.js'
import { isSliceKey, sliceKey } from './slice-key.js'
import { TableFile } from './table.js'

/** The newest format of bundles, kTensorBundleVersion. */
const version = 1

/** A part of a tensor and where its bytes lie. */
interface StoredSlice extends Slice {
  readonly entry: BundleEntry
}

interface BundleTensor extends CheckpointTensor {
  readonly parts: readonly StoredSlice[]
}

/**
 * A checkpoint of the second kind, a tensor bundle (tensorflow/core/util/tensor_bundle): `prefix.index`, a table of where
 * tensors lie, and `prefix.data-00000-of-00002` and so on, their bytes one after the other.
 */
export class TensorBundle implements TensorflowCheckpoint {
  readonly path: string
  readonly files: readonly string[]
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  readonly others: readonly string[]
  readonly #stored: ReadonlyMap<string, BundleTensor>
  readonly #shards = new Map<number, InputFile>()

  /** Errors: `UserError` naming the file and what is wrong with it. */
  constructor(prefix: string) {
    this.path = `${prefix}.index`
    const fail: Fail = reason => {
      throw new UserError(`${this.path} is a damaged TensorFlow checkpoint: ${reason}; get it again`)
    }
    try {
      const { shards, whole, slices } = readIndex(this.path, fail)
      const stored = new Map<string, BundleTensor>()
      const others: string[] = []
      const used = new Set<BundleEntry>()
      for (const [name, entry] of whole) {
        const tensor = tensorOf(name, entry, slices, fail)
        if (tensor === undefined) others.push(name)
        else stored.set(name, tensor)
        for (const part of tensor?.parts ?? []) used.add(part.entry)
      }
      this.#checkPlaces([...used], prefix, shards, fail)
      this.#stored = this.tensors = stored
      this.others = others
      this.files = [
        this.path,
        ...[...this.#shards.keys()].sort((a, b) => a - b).map(shard => this.#shards.get(shard)!.path),
      ]
    } catch (error) {
      this.close()
      throw error
    }
  }

  read(name: string): Uint8Array<ArrayBuffer> {
    const { dtype, shape, parts } = tensorNamed(this.#stored, name, this.path)
    const [first] = parts
    if (parts.length === 1 && first !== undefined) return this.#read(first.entry, name)
    const target = new Uint8Array(tensorLength(dtype, shape)!)
    for (const part of parts) placeSlice(target, shape, part, this.#read(part.entry, name))
    return target
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #read({ shard, offset, length, checksum }: BundleEntry, name: string): Uint8Array<ArrayBuffer> {
    const input = this.#shards.get(shard)!
    const bytes = input.read(offset, length)
    if (maskedCrc32c(bytes) !== checksum)
      throw new UserError(`${input.path} is damaged: tensor ${quote(name)} fails its checksum; get it again`)
    return bytes
  }

  /** Opens the data files that hold something, and checks that every tensor has bytes of its own there. */
  #checkPlaces(entries: BundleEntry[], prefix: string, shards: number, fail: Fail): void {
    entries.sort((a, b) => a.shard - b.shard || a.offset - b.offset || a.length - b.length)
    let end = 0
    let previous = -1
    for (const { shard, offset, length } of entries) {
      if (shard >= shards) fail(`a tensor lies in data file ${shard} of ${shards}`)
      const input = this.#shards.get(shard) ?? new InputFile(`${prefix}.data-${digits(shard)}-of-${digits(shards)}`)
      this.#shards.set(shard, input)
      if (shard !== previous) end = 0
      previous = shard
      if (offset < end) fail('two tensors share bytes')
      end = offset + length
      if (end > input.size)
        throw new UserError(
          `${input.path} is cut short: it has ${input.size} bytes and its index names ${end}; get it again`,
        )
    }
  }
}

const digits = (number: number): string => String(number).padStart(5, '0')

/** The entries of an index: of tensors by their names, and of slices by their keys as Latin-1 text. */
function readIndex(path: string, fail: Fail) {
  using table = new TableFile(path)
  const whole = new Map<string, BundleEntry>()
  const slices = new Map<string, BundleEntry>()
  let shards: number | undefined
  for (const { key, value } of table.entries()) {
    if (shards === undefined) {
      if (key.length > 0) fail('it does not begin with a header')
      const header = readBundleHeader(value, fail)
      if (!header.littleEndian)
        throw new UserError(`${path} is big-endian, which cannot be read; save it again elsewhere`)
      if (header.leastReader > version)
        throw new UserError(
          `${path} has format ${header.leastReader}, which cannot be read; save it with an older version`,
        )
      shards = header.shards
    } else if (isSliceKey(key)) slices.set(key.toString('latin1'), readBundleEntry(value, fail))
    else whole.set(nameOf(key, fail), readBundleEntry(value, fail))
  }
  if (shards === undefined) return fail('it holds nothing')
  return { shards, whole, slices }
}

function nameOf(key: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(key)
  } catch {
    return fail('the name of a tensor is not UTF-8 text')
  }
}

/** The tensor with the places of its parts; undefined when its type is not one of numbers. */
function tensorOf(
  name: string,
  entry: BundleEntry,
  slices: ReadonlyMap<string, BundleEntry>,
  fail: Fail,
): BundleTensor | undefined {
  const dtype = tensorTypeOf(entry.dataType)
  if (dtype === undefined) return undefined
  const { shape } = entry
  if (tensorLength(dtype, shape) === undefined) fail(`tensor ${quote(name)} has an impossible shape`)
  const parts: StoredSlice[] =
    entry.slices.length === 0
      ? [{ starts: shape.map(() => 0), shape, entry }]
      : entry.slices.map(extents => {
          const part = slices.get(sliceKey(name, extents).toString('latin1'))
          if (part === undefined) return fail(`a slice of tensor ${quote(name)} is missing`)
          return { ...sliceOf(extents, shape, name, fail), entry: part }
        })
  checkCover(parts, shape, name, fail)
  for (const part of parts) {
    if (!sameShape(part.entry.shape, part.shape) || part.entry.dataType !== entry.dataType)
      fail(`a slice of tensor ${quote(name)} has another type or shape than its tensor says`)
    if (part.entry.length !== tensorLength(dtype, part.shape))
      fail(
        `tensor ${quote(name)} has ${part.entry.length} bytes, which is not what its shape, ${formatShape(part.shape)}, needs`,
      )
  }
  return { name, dtype, shape, parts }
}
