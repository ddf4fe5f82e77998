import { flatten, type Graph, type Node, type Value } from '../../graph/op.js'
import { variableOf } from '../../graph/ops/source.js'

/** Who reads what until when, and what can be computed before the first run. */
export class Liveness {
  /** Variables that the graph writes. */
  readonly mutated: ReadonlySet<Value>
  readonly #outputs: ReadonlySet<Value>
  readonly #lastReaders = new Map<Value, Node>()
  readonly #readTwice = new Map<Node, ReadonlySet<Value>>()
  readonly #prepared = new Set<Node>()

  constructor(graph: Graph, outputs: readonly Value[]) {
    this.#outputs = new Set(outputs)
    const mutated = new Set<Value>()
    for (const node of graph.nodes)
      for (const port of node.op.mutates ?? [])
        for (const value of flatten({ port: node.inputs[port as string] })) mutated.add(value)
    this.mutated = mutated
    for (const node of graph.nodes) {
      const inputs = flatten(node.inputs)
      for (const value of inputs) this.#lastReaders.set(value, node)
      this.#readTwice.set(node, new Set(inputs.filter((value, i) => inputs.indexOf(value) !== i)))
      const made = Object.values(node.outputs)
      const free = inputs.length > 0 && !node.op.mutates?.length && !made.some(value => this.#outputs.has(value))
      if (free && inputs.every(value => this.isFixed(value))) this.#prepared.add(node)
    }
  }

  /** Whether a node depends only on variables that the graph does not write, so that it need not run every time. */
  isPrepared(node: Node): boolean {
    return this.#prepared.has(node)
  }

  /** Whether a value changes only when somebody writes the store. */
  isFixed(value: Value): boolean {
    return this.#prepared.has(value.node) || (variableOf(value) !== undefined && !this.mutated.has(value))
  }

  isRead(value: Value): boolean {
    return this.#lastReaders.has(value) || this.#outputs.has(value)
  }

  /** Whether nobody needs `value` after `node` has read it, and the node reads it once. */
  isLastReader(node: Node, value: Value): boolean {
    const own = this.#lastReaders.get(value) === node && !this.#readTwice.get(node)!.has(value)
    return own && !this.#outputs.has(value) && this.isPlanned(value)
  }

  /** Whether a value is computed in every run, so that its memory is the program's to plan. */
  isPlanned(value: Value): boolean {
    return flatten(value.node.inputs).length > 0 && !this.isFixed(value)
  }
}
