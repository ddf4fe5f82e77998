/**
 * Element types of tensors. `bf16` is stored as its upper 16 bits; `workspace` is bytes whose meaning and size belong
 * to the backend (what a forward kernel leaves for its backward kernel).
 */
export type Dtype = 'f32' | 'bf16' | 's32' | 'workspace'

const bytesOf: Record<Dtype, number> = { f32: 4, bf16: 2, s32: 4, workspace: 1 }

/** Bytes of one element. */
export const bytesPerElement = (dtype: Dtype): number => bytesOf[dtype]

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The bfloat16 bits nearest to `value`, ties to even; NaN stays NaN. */
export function toBf16(value: number): number {
  float[0] = value
  const word = bits[0]!
  if (Number.isNaN(value)) return (word >>> 16) | 0x40
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
}

/** The number that bfloat16 bits stand for. */
export function fromBf16(half: number): number {
  bits[0] = half << 16
  return float[0]!
}

/** `value` rounded to what a tensor of type `dtype` can hold. */
export function roundTo(dtype: Dtype, value: number): number {
  return dtype === 'bf16' ? fromBf16(toBf16(value)) : dtype === 'f32' ? Math.fround(value) : value
}
