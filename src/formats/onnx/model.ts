import { type Shape, sizeOf } from '../../base/shape.js'
import type { OpType } from './rules.js'
import { type ElementType, elementTypes, type OnnxAttribute, type TensorType } from './types.js'

/** An input or output of the graph. */
export interface OnnxValue extends TensorType {
  readonly name: string
}

/** A tensor that is part of the model. */
export interface OnnxTensor {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
  /** Its elements, little-endian; made when asked for. */
  bytes(): Uint8Array
}

export interface OnnxNode {
  readonly name: string
  readonly opType: OpType
  /** Names of values; '' where an optional input is left out. */
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** Types of values in between, where they are known from elsewhere: the checker holds its own to them. */
  readonly values: ReadonlyMap<string, TensorType>
}

/** A model as plain data; its numbers stay where they are until they are written. */
export interface OnnxModel {
  readonly producer: { readonly name: string; readonly version: string }
  readonly description: string
  readonly metadata: Readonly<Record<string, string>>
  readonly graph: OnnxGraph
}

/** The version of the operators' meaning, and that of the file, which came with it (ONNX 1.12). */
export const opset = 17
export const irVersion = 8

export const byteLength = ({ type, shape }: Pick<OnnxTensor, 'type' | 'shape'>): number =>
  sizeOf(shape) * elementTypes[type].bytes

/** A small tensor whose numbers are at hand. */
export function tensorOf(name: string, type: 'float' | 'int64', shape: Shape, numbers: readonly number[]): OnnxTensor {
  const bytes =
    type === 'float'
      ? new Uint8Array(Float32Array.from(numbers).buffer)
      : new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer)
  return { name, type, shape, bytes: () => bytes }
}
