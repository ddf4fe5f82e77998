/** Element types with their numbers in `TensorProto.DataType` and bytes an element. */
export const elementTypes = {
  float: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int8: { code: 3, bytes: 1 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  float16: { code: 10, bytes: 2 },
  bfloat16: { code: 16, bytes: 2 },
} as const

export type ElementType = keyof typeof elementTypes

/** The length of an axis, or the name of one that is decided when the model runs. */
export type Dimension = number | string

export interface TensorType {
  readonly type: ElementType
  readonly shape: readonly Dimension[]
}

/** The value of a node's attribute, by its kind. */
export type OnnxAttribute = { readonly int: number } | { readonly ints: readonly number[] } | { readonly float: number }
