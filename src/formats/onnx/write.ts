import type { Output } from '../atomic-file.js'
import { checkModel } from './check.js'
import { encodeModel } from './encode.js'
import type { OnnxModel } from './model.js'

/**
 * Writes a model that keeps ONNX's rules, holding one tensor at a time. Errors: as `checkModel` and `encodeModel`, before
 * anything is written.
 */
export function writeModel(model: OnnxModel, out: Output): void {
  const { inputs, outputs, initializers } = model.graph
  const known = new Set([...inputs, ...outputs, ...initializers].map(({ name }) => name))
  const between = [...checkModel(model)].filter(([name]) => !known.has(name))
  const message = encodeModel(
    model,
    between.map(([name, type]) => ({ name, ...type })),
  )
  for (const piece of message.pieces()) out.append(piece)
}
