import type { Shape } from '../../base/shape.js'
import type { TensorType } from '../safetensors-header.js'
import type { SectionPlace } from './byte-section.js'

/** What the thread that reads HDF5 is told at its start. */
export interface Hdf5Source {
  readonly place: SectionPlace
  /** The file to name in messages. */
  readonly file: string
}

export interface StoredWeight {
  readonly name: string
  /** Undefined for what is no tensor of numbers. */
  readonly dtype: TensorType | undefined
  readonly shape: Shape
  /** In the HDF5 file. */
  readonly path: string
}

export interface StoredLayer {
  readonly name: string
  /** In the HDF5 file, from the group of all layers. */
  readonly path: string
  readonly weights: readonly StoredWeight[]
}

export interface StoredModel {
  readonly layers: readonly StoredLayer[]
  /** The model's configuration as JSON, where the HDF5 file holds it. */
  readonly config: string | undefined
  readonly version: string | undefined
}

/** A question: about the whole file, or for the values of the weight at a path. */
export type Hdf5Request = { readonly list: true } | { readonly read: string }

export type Hdf5Reply =
  | { readonly model: StoredModel }
  | { readonly values: Float32Array<ArrayBuffer> }
  /** A message for the user. */
  | { readonly failed: string }
