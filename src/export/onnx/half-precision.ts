import { UserError } from '../../base/error.js'
import { toHalf } from '../../base/half.js'
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from '../../formats/onnx/model.js'
import { elementTypes, type TensorType } from '../../formats/onnx/types.js'
import { readFloats } from './initializer.js'

/**
 * The model with weights and arithmetic in half precision; inputs and outputs stay 32-bit. Where a machine has no
 * arithmetic of 16 bits, as on x86 processors, ONNX Runtime computes in 32 with the rounded weights.
 */
export function halved(model: OnnxModel): OnnxModel {
  const { graph } = model
  const inside = (name: string) => `${name}_half`
  const ends = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name))
  const renamed = (name: string) => (ends.has(name) ? inside(name) : name)
  const cast = (from: string, to: string, type: 'float' | 'float16'): OnnxNode => ({
    ...{ name: `${to}/Cast`, opType: 'Cast', inputs: [from], output: to },
    attributes: { to: { int: elementTypes[type].code } },
  })
  const nodes = graph.nodes.map(node => ({ ...node, inputs: node.inputs.map(renamed), output: renamed(node.output) }))
  const halves: OnnxGraph = {
    ...graph,
    nodes: [
      ...graph.inputs.map(({ name }) => cast(name, inside(name), 'float16')),
      ...nodes,
      ...graph.outputs.map(({ name }) => cast(inside(name), name, 'float')),
    ],
    initializers: graph.initializers.map(halvedTensor),
    values: new Map([...graph.values].map(([name, type]) => [name, halvedType(type)])),
  }
  return { ...model, graph: halves }
}

const halvedType = ({ type, shape }: TensorType): TensorType => ({ type: type === 'float' ? 'float16' : type, shape })

function halvedTensor(tensor: OnnxTensor): OnnxTensor {
  if (tensor.type !== 'float') return tensor
  return {
    ...tensor,
    type: 'float16',
    bytes() {
      const numbers = readFloats(tensor)
      const halves = Uint16Array.from(numbers, toHalf)
      const lost = numbers.findIndex((x, i) => Number.isFinite(x) && (halves[i]! & 0x7c00) === 0x7c00)
      if (lost >= 0)
        throw new UserError(
          `'${tensor.name}' holds ${numbers[lost]}, and half precision ends at 65504: leave fp16 out of --variants`,
        )
      return new Uint8Array(halves.buffer)
    },
  }
}
