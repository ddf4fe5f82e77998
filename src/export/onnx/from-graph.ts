import type { OnnxGraph, OnnxValue } from '../../formats/onnx/model.js'
import type { Dimension, TensorType } from '../../formats/onnx/types.js'
import { type Graph, isMany, type Node, type Value } from '../../graph/op.js'
import { inputOp, variableOf } from '../../graph/ops/source.js'
import { ConstantValues, type Numbers } from './constant-values.js'
import { type ExportedOp, elementTypeOf, lowerings, type Operand } from './lowerings.js'
import { NodeWriter } from './node-writer.js'

export interface Exporting {
  readonly name: string
  /** A graph of inference. */
  readonly graph: Graph
  /** The model's names of the graph's inputs. */
  readonly inputs: ReadonlyMap<Value, string>
  /** What the model gives, by its names. */
  readonly outputs: Readonly<Record<string, Value>>
  /** Inputs whose channels the model takes in the opposite order. */
  readonly flipped?: ReadonlySet<Value>
  /** The name of the first axis of inputs and all that follows from them. @default it has the graph's length */
  readonly batch?: string
  readonly numbers: Numbers
}

/**
 * A graph in ONNX's operators. Nodes are named by their scopes, initialisers by the variables that they are made from.
 * Feature maps are [batch, channels, height, width] there as here.
 */
export function onnxGraphOf({ name, graph, inputs, outputs, flipped, batch, numbers }: Exporting): OnnxGraph {
  const to = new NodeWriter()
  const constants = new ConstantValues(numbers)
  const names = new Map<Value, string>()
  const values = new Map<string, TensorType>()
  const typeOf = ({ dtype, shape }: Value): TensorType => {
    if (dtype === 'workspace') throw new Error('a workspace is no tensor')
    const axes: readonly Dimension[] = batch === undefined ? shape : [batch, ...shape.slice(1)]
    return { type: elementTypeOf[dtype], shape: axes }
  }
  const initializer = (value: Value, port: string): string => {
    if (!constants.has(value.node)) throw new Error(`${value.node.scope}: nothing has made ${value.port}`)
    const own = to.claim(constantName(value, port))
    to.initializers.push({
      ...{ name: own, type: 'float', shape: value.shape },
      bytes: () => bytesOf(constants.compute(value)),
    })
    return own
  }
  const operand = (value: Value, port: string): Operand => {
    const known = names.get(value) ?? initializer(value, port)
    names.set(value, known)
    return { name: known, shape: value.shape }
  }
  const modelInputs = [...inputs].map(([value, input]): OnnxValue => {
    const own = to.claim(input)
    names.set(value, flipped?.has(value) ? flipChannels(to, own) : own)
    return { name: own, ...typeOf(value) }
  })
  for (const output of Object.keys(outputs)) to.claim(output)
  for (const node of graph.nodes) {
    if (node.op.name === inputOp.name || constants.has(node)) continue
    to.scope = node.scope
    const made = lower(node, operand, to)
    const dst = node.outputs.dst!
    names.set(dst, made)
    values.set(made, typeOf(dst))
  }
  const modelOutputs = Object.entries(outputs).map(([output, value]): OnnxValue => {
    rename(to, values, operand(value, value.port).name, output)
    return { name: output, ...typeOf(value) }
  })
  const { nodes, initializers } = to
  return { name, nodes, initializers, inputs: modelInputs, outputs: modelOutputs, values }
}

function lower(node: Node, operand: (value: Value, port: string) => Operand, to: NodeWriter): string {
  const lowering = lowerings[node.op.name as ExportedOp] as ((call: object, to: NodeWriter) => string) | undefined
  if (!lowering) throw new Error(`${node.scope}: ${node.op.name} is not an op of inference`)
  const x = Object.fromEntries(
    Object.entries(node.inputs).map(([port, entry]) => [
      port,
      entry && (isMany(entry) ? entry.map(value => operand(value, port)) : operand(entry, port)),
    ]),
  )
  return lowering({ x, y: node.outputs, attrs: node.attrs }, to)
}

/** Constants are named as the first variable in them, but for its last word, which is the port that reads them. */
function constantName(value: Value, port: string): string {
  const declared = variableOf(value)
  if (declared) return declared.name
  const scope = firstVariable(value)?.replace(/\.?[^.]*$/, '') ?? value.node.scope
  return scope === '' ? port : `${scope}.${port}`
}

function firstVariable(value: Value): string | undefined {
  const declared = variableOf(value)
  if (declared) return declared.name
  for (const entry of Object.values(value.node.inputs).flat() as (Value | undefined)[]) {
    const found = entry && firstVariable(entry)
    if (found !== undefined) return found
  }
  return undefined
}

const flipChannels = (to: NodeWriter, name: string): string =>
  to.add(
    'Gather',
    [name, to.constant('flipped_channels', 'int64', [3], [2, 1, 0])],
    { axis: { int: 1 } },
    'flip_channels',
  )

/** Gives a value the name that the model's output must have. */
function rename(to: NodeWriter, values: Map<string, TensorType>, from: string, name: string): void {
  for (const [i, node] of to.nodes.entries())
    to.nodes[i] = {
      ...node,
      inputs: node.inputs.map(input => (input === from ? name : input)),
      output: node.output === from ? name : node.output,
    }
  for (const [i, tensor] of to.initializers.entries())
    if (tensor.name === from) to.initializers[i] = { ...tensor, name }
  values.delete(from)
}

/** A copy, because variables may lie in memory that threads share, which a file is not written from. */
const bytesOf = (numbers: Float32Array): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer)
