import type { OnnxTensor } from '../../formats/onnx/model.js'

/** The numbers of an initialiser of type float. */
export function readFloats({ name, type, bytes }: OnnxTensor): Float32Array {
  if (type !== 'float') throw new Error(`${name} is ${type}`)
  const made = bytes()
  return new Float32Array(made.buffer, made.byteOffset, made.byteLength / 4)
}
