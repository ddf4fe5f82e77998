import { flatten, type Graph, type Node } from '../op.js'
import { variableOf } from '../ops/source.js'

/** Moves whatever depends on variables alone to the front, where every other node can read it. */
export function parametersFirst(graph: Graph): void {
  const fixed = new Set<Node>()
  for (const node of graph.nodes) {
    const inputs = flatten(node.inputs)
    const constant = Object.values(node.outputs).some(value => variableOf(value)) || inputs.length > 0
    if (constant && !node.op.mutates?.length && inputs.every(value => fixed.has(value.node))) fixed.add(node)
  }
  const rest = graph.nodes.filter(node => !fixed.has(node))
  graph.nodes.splice(0, graph.nodes.length, ...fixed, ...rest)
}
