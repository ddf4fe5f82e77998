import { nearest, UserError } from '../../base/error.js'
import type { Shape } from '../../base/shape.js'
import { quote } from '../header-json.js'
import type { TensorType } from '../safetensors-header.js'

export interface CheckpointTensor {
  readonly name: string
  readonly dtype: TensorType
  readonly shape: Shape
}

/** A TensorFlow checkpoint open for reading; each tensor's bytes are read when asked for. */
export interface TensorflowCheckpoint extends Disposable {
  readonly path: string
  /** Every file that it lies in, the index first. */
  readonly files: readonly string[]
  /** Every tensor of numbers by its name. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** Names of what is there and holds no numbers, such as strings. */
  readonly others: readonly string[]

  /**
   * The bytes of one tensor, little-endian and row-major, at the start of memory of their own, verified against their
   * checksum. Errors: `UserError` when there is no such tensor or it is damaged.
   */
  read(name: string): Uint8Array<ArrayBuffer>
  close(): void
}

/** The entry of a tensor by its name. Errors: `UserError` when there is none. */
export function tensorNamed<T>(tensors: ReadonlyMap<string, T>, name: string, path: string): T {
  const tensor = tensors.get(name)
  if (tensor !== undefined) return tensor
  const close = nearest(name, [...tensors.keys()])
  const hint = close === undefined ? `it has ${tensors.size} others` : `did you mean ${quote(close)}?`
  throw new UserError(`${path} has no tensor ${quote(name)}: ${hint}`)
}
