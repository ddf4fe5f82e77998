import { UserError } from '../../base/error.js'
import { byteLength, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor } from './model.js'
import { Breach, describeType, ruleOf, type Subject } from './rules.js'
import type { TensorType } from './types.js'

/**
 * Holds a model to ONNX's rules (https://github.com/onnx/onnx/blob/v1.12.0/docs/IR.md): every value is made once and
 * before it is read, names of nodes are unique, operators have the inputs and attributes that they take, and the types
 * that follow from the inputs are those announced. Returns the type of every value.
 *
 * Errors: `UserError` that names the node; a model that breaks a rule is this program's fault.
 */
export function checkModel({ graph }: OnnxModel): ReadonlyMap<string, TensorType> {
  const types = new Map<string, TensorType>()
  const fail = (what: string): never => {
    throw new UserError(`the ONNX model of ${graph.name} breaks ONNX's rules: ${what}; this is a defect, report it`)
  }
  const define = (name: string, type: TensorType) => {
    if (name === '') fail('a value has no name')
    if (types.has(name)) fail(`'${name}' is made twice`)
    types.set(name, type)
  }
  for (const input of graph.inputs) define(input.name, input)
  for (const tensor of graph.initializers) define(tensor.name, tensor)
  const constants = new Map(graph.initializers.map(tensor => [tensor.name, tensor]))
  const nodes = new Set<string>()
  for (const node of graph.nodes) {
    if (node.name === '' || nodes.has(node.name)) fail(`the name of node '${node.name}' is not its own`)
    nodes.add(node.name)
    try {
      define(node.output, typeOf(node, types, constants))
    } catch (error) {
      if (!(error instanceof Breach)) throw error
      fail(`node ${node.name} (${node.opType}): ${error.message}`)
    }
  }
  for (const [name, announced] of announcedBy(graph)) {
    const type = types.get(name) ?? fail(`nothing makes '${name}'`)
    if (describeType(type) !== describeType(announced))
      fail(`'${name}' is ${describeType(type)} by its node and announced as ${describeType(announced)}`)
  }
  return types
}

const announcedBy = ({ outputs, values }: OnnxGraph) => [
  ...outputs.map(output => [output.name, output] as const),
  ...values,
]

function typeOf(
  { opType, inputs, attributes }: OnnxNode,
  types: ReadonlyMap<string, TensorType>,
  constants: ReadonlyMap<string, OnnxTensor>,
): TensorType {
  const rule = ruleOf(opType)
  const [least, most] = rule.inputs
  if (inputs.length < least || inputs.length > most)
    throw new Breach(`it has ${inputs.length} inputs, and takes ${least} to ${most}`)
  for (const [name, value] of Object.entries(attributes)) {
    const kind = rule.attributes[name]
    if (kind === undefined) throw new Breach(`it has no attribute ${name}`)
    if (!(kind in value)) throw new Breach(`its attribute ${name} is not of kind ${kind}`)
  }
  const optional = (place: number): TensorType | undefined => {
    const name = inputs[place] ?? ''
    if (name === '') return undefined
    const type = types.get(name)
    if (!type) throw new Breach(`nothing makes its input '${name}' before it`)
    return type
  }
  const subject: Subject = {
    count: inputs.length,
    optional,
    input: place => optional(place) ?? missing(`input ${place}`),
    constant(place) {
      const tensor = constants.get(inputs[place] ?? '')
      if (tensor?.type !== 'int64') throw new Breach(`input ${place} is no int64 initialiser`)
      const bytes = tensor.bytes()
      if (bytes.length !== byteLength(tensor)) throw new Breach(`input ${place} has not the size of its shape`)
      return Array.from(new BigInt64Array(bytes.slice().buffer), Number)
    },
    int(name, otherwise) {
      const value = attributes[name]
      if (value === undefined) return otherwise ?? missing(`attribute ${name}`)
      return 'int' in value ? value.int : missing(`whole number ${name}`)
    },
    ints(name) {
      const value = attributes[name]
      return value !== undefined && 'ints' in value ? value.ints : missing(`attribute ${name}`)
    },
  }
  return rule.infer(subject)
}

function missing(what: string): never {
  throw new Breach(`it has no ${what}`)
}
