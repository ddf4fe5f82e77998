import type { MessagePort } from 'node:worker_threads'
import type { Shape } from '../../base/shape.js'
import type { TensorType } from '../safetensors-header.js'
import type { SectionPlace } from './byte-section.js'

/** What the thread that reads HDF5 is told at its start. */
export interface Hdf5Source {
  readonly place: SectionPlace
  /** The file to name in messages. */
  readonly file: string
  readonly direct: DirectLine
}

/** The way of answers to a thread that stands still for them: the port brings one, then the flag becomes 1. */
export interface DirectLine {
  readonly port: MessagePort
  readonly flag: Int32Array<SharedArrayBuffer>
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

/** A question: about the whole file, or for the values of the weight at a path, where `direct` to one that stands still. */
export type Hdf5Request = { readonly list: true } | { readonly read: string; readonly direct?: true }

export type Hdf5Reply =
  | { readonly model: StoredModel }
  | { readonly values: Float32Array<ArrayBuffer> }
  /** A message for the user. */
  | { readonly failed: string }
  /** What the library fails with, where nobody would hear of the thread's end. */
  | { readonly broken: string }
