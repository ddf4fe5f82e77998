import { flatten, type Graph, type Node, type Value } from '../op.js'

/** Who reads each value: a node stands there as often as it reads it. */
export function readersOf(graph: Graph): ReadonlyMap<Value, readonly Node[]> {
  const readers = new Map<Value, Node[]>()
  for (const node of graph.nodes)
    for (const value of flatten(node.inputs)) {
      const known = readers.get(value)
      if (known) known.push(node)
      else readers.set(value, [node])
    }
  return readers
}
