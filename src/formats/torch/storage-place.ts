import { tensorLength } from '../safetensors-header.js'
import type { StorageReference, TensorReference } from './tensor-reference.js'

/** Where a storage lies in the file. */
export interface StoragePlace {
  readonly begin: number
  /** Bytes. */
  readonly length: number
  /** Of its bytes, where the file holds one. */
  readonly crc32?: number
}

/** What either container says: tensors by name, and the places of their storages by key. */
export interface PlacedTensors {
  readonly tensors: ReadonlyMap<string, TensorReference>
  readonly places: ReadonlyMap<string, StoragePlace>
}

/** Bytes of a storage; undefined when there are too many to count. */
export const storageLength = ({ dtype, elements }: StorageReference): number | undefined =>
  tensorLength(dtype, [elements])
