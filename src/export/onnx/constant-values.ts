import { sizeOf } from '../../base/shape.js'
import { flatten, isMany, type Node, type Tensor, type Value } from '../../graph/op.js'
import { inputOp, type Variable, variableOf } from '../../graph/ops/source.js'

/** Where a variable's numbers are: row-major, f32. */
export type Numbers = (variable: Variable) => Float32Array

/** The values of a graph that depend on variables alone, as weights do into which a norm has been folded. */
export class ConstantValues {
  readonly #numbers: Numbers
  readonly #known = new Map<Node, boolean>()

  constructor(numbers: Numbers) {
    this.#numbers = numbers
  }

  /** Whether what a node makes is one of them. */
  has(node: Node): boolean {
    const known = this.#known.get(node)
    if (known !== undefined) return known
    const constant = node.op.name !== inputOp.name && flatten(node.inputs).every(value => this.has(value.node))
    this.#known.set(node, constant)
    return constant
  }

  /** Computes such a value by the plain loops that define its ops; nothing is kept. */
  compute(value: Value): Float32Array {
    const declared = variableOf(value)
    if (declared) return this.#numbers(declared)
    const { node } = value
    const inputs = mapTensors(node.inputs, each => ({ ...each, data: this.compute(each) }))
    const outputs = mapTensors(node.outputs, each => ({ ...each, data: new Float32Array(sizeOf(each.shape)) }))
    node.op.reference(inputs, outputs, node.attrs)
    return (outputs[value.port] as Tensor).data as Float32Array
  }
}

type Tensors = Readonly<Record<string, Tensor | readonly Tensor[] | undefined>>

const mapTensors = (ports: Node['inputs'], map: (value: Value) => Tensor): Tensors =>
  Object.fromEntries(
    Object.entries(ports).map(([port, entry]) => [port, entry && (isMany(entry) ? entry.map(map) : map(entry))]),
  )
