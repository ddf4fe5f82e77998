import { fromBf16 } from '../base/dtype.js'
import { UserError } from '../base/error.js'
import { quote } from '../formats/header-json.js'
import type { TensorFile } from './tensor-file.js'

/** Numbers as f32: those of smaller types exactly, f64 rounded; undefined where the type is none of numbers with fractions. */
function toFloats(bytes: Uint8Array<ArrayBuffer>, dtype: string): Float32Array<ArrayBuffer> | undefined {
  if (dtype === 'F32') return new Float32Array(bytes.buffer)
  if (dtype === 'F64') return Float32Array.from(new Float64Array(bytes.buffer))
  if (dtype === 'BF16') return Float32Array.from(new Uint16Array(bytes.buffer), fromBf16)
  if (dtype === 'F16') return Float32Array.from(new Uint16Array(bytes.buffer), fromF16)
  return undefined
}

/** The number that IEEE 754's binary16 bits stand for. */
function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/**
 * A tensor of a file as f32. Errors: `UserError` naming file and tensor where it holds no numbers with fractions, or one
 * that is not finite, as no trained weights do.
 */
export function readFloats(file: TensorFile, name: string): Float32Array<ArrayBuffer> {
  const { dtype } = file.tensors.get(name)!
  const floats = toFloats(file.read(name), dtype)
  if (!floats) throw new UserError(`${file.path}: ${quote(name)} holds ${dtype} and no weights; use another file`)
  const bad = floats.findIndex(value => !Number.isFinite(value))
  if (bad >= 0)
    throw new UserError(`${file.path}: element ${bad} of ${quote(name)} is ${floats[bad]}, no number; use another file`)
  return floats
}
