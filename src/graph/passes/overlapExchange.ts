import { flatten, type Graph, type Node, type Value } from '../op.js'

/**
 * Moves nodes to where their ops want to run: early ones to just after the last operand is made, late ones to just before
 * the first reader, but before anything that writes a variable. So an exchange with other replicas is under way while
 * what stands between is computed; and where it fails, nothing that outlives the run has been written.
 */
export function overlapExchange(graph: Graph): (value: Value) => Value {
  reorder(graph.nodes, earlyPlaces(graph.nodes))
  reorder(graph.nodes, latePlaces(graph.nodes))
  return value => value
}

/** For each early node a place: just after the last node that it needs. */
function earlyPlaces(nodes: readonly Node[]): Map<Node, number> {
  const places = new Map<Node, number>()
  const after = new Map<Value, number>()
  for (const [i, node] of nodes.entries()) {
    if (node.op.schedule === 'early')
      places.set(node, Math.max(-0.5, ...flatten(node.inputs).map(value => after.get(value)!)))
    for (const value of [...Object.values(node.outputs), ...written(node)])
      after.set(value, places.get(node) ?? i + 0.5)
  }
  return places
}

/** For each late node a place: just before the first that needs it, or that writes a variable. */
function latePlaces(nodes: readonly Node[]): Map<Node, number> {
  const places = new Map<Node, number>()
  const before = new Map<Value, number>()
  let writer = nodes.length - 0.5
  for (const [i, node] of [...nodes.entries()].reverse()) {
    if (node.op.schedule === 'late')
      places.set(node, Math.min(writer, ...Object.values(node.outputs).map(value => before.get(value) ?? writer)))
    for (const value of flatten(node.inputs))
      before.set(value, Math.min(before.get(value) ?? writer, places.get(node) ?? i - 0.5))
    if (node.op.mutates?.length) writer = i - 0.5
  }
  return places
}

const written = (node: Node): Value[] =>
  flatten(Object.fromEntries((node.op.mutates ?? []).map(port => [port, node.inputs[port as string]])))

/** Puts nodes into the order of their places; those that share one stay in the order that they have. */
function reorder(nodes: Node[], places: ReadonlyMap<Node, number>): void {
  const key = new Map(nodes.map((node, i) => [node, places.get(node) ?? i]))
  nodes.sort((a, b) => key.get(a)! - key.get(b)!)
}
