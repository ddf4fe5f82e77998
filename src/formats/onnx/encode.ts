import { UserError } from '../../base/error.js'
import { WireMessage } from '../protobuf-writer.js'
import {
  byteLength,
  irVersion,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  opset,
} from './model.js'
import { elementTypes, type OnnxAttribute } from './types.js'

// Field numbers are those of onnx/onnx.proto (https://github.com/onnx/onnx/blob/v1.12.0/onnx/onnx.proto).

/** No protocol buffer may be longer, and no reader of ONNX takes one that is. */
const mostBytes = 2 ** 31 - 1

/**
 * A model as ONNX's `ModelProto`; tensors are made when it is their turn to be written. `values` are the types of values
 * in between, which tools show.
 *
 * Errors: `UserError` where it is longer than a protocol buffer may be.
 */
export function encodeModel(model: OnnxModel, values: readonly OnnxValue[]): WireMessage {
  const message = new WireMessage()
    .int(1, irVersion)
    .text(2, model.producer.name)
    .text(3, model.producer.version)
    .text(6, model.description)
    .message(7, encodeGraph(model, values))
    .message(8, new WireMessage().text(1, '').int(2, opset))
  for (const [key, value] of Object.entries(model.metadata))
    message.message(14, new WireMessage().text(1, key).text(2, value))
  if (message.length > mostBytes)
    throw new UserError(
      `${model.graph.name} needs ${message.length} bytes, and an ONNX file has at most ${mostBytes}: export a narrower network, or one of fewer blocks`,
    )
  return message
}

function encodeGraph({ graph }: OnnxModel, values: readonly OnnxValue[]): WireMessage {
  const message = new WireMessage()
  for (const node of graph.nodes) message.message(1, encodeNode(node))
  message.text(2, graph.name)
  for (const tensor of graph.initializers) message.message(5, encodeTensor(tensor))
  for (const value of graph.inputs) message.message(11, encodeValue(value))
  for (const value of graph.outputs) message.message(12, encodeValue(value))
  for (const value of values) message.message(13, encodeValue(value))
  return message
}

function encodeNode({ name, opType, inputs, output, attributes }: OnnxNode): WireMessage {
  const message = new WireMessage()
  for (const input of inputs) message.text(1, input)
  message.text(2, output).text(3, name).text(4, opType)
  for (const [key, attribute] of Object.entries(attributes)) message.message(5, encodeAttribute(key, attribute))
  return message
}

function encodeAttribute(name: string, attribute: OnnxAttribute): WireMessage {
  const message = new WireMessage().text(1, name)
  if ('float' in attribute) return message.float(2, attribute.float).int(20, 1)
  if ('int' in attribute) return message.int(3, attribute.int).int(20, 2)
  for (const each of attribute.ints) message.int(8, each)
  return message.int(20, 7)
}

function encodeTensor(tensor: OnnxTensor): WireMessage {
  const message = new WireMessage()
  for (const length of tensor.shape) message.int(1, length)
  return message
    .int(2, elementTypes[tensor.type].code)
    .text(8, tensor.name)
    .bytes(9, { length: byteLength(tensor), bytes: () => tensor.bytes() })
}

function encodeValue({ name, type, shape }: OnnxValue): WireMessage {
  const axes = new WireMessage()
  for (const length of shape) {
    const axis = new WireMessage()
    axes.message(1, typeof length === 'number' ? axis.int(1, length) : axis.text(2, length))
  }
  const tensor = new WireMessage().int(1, elementTypes[type].code).message(2, axes)
  return new WireMessage().text(1, name).message(2, new WireMessage().message(1, tensor))
}
