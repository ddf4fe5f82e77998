import { type Graph, isMany, type Node, type Value } from '../op.js'

/** What a pass puts in a node's place: other attributes, or values that stand for its outputs. */
export type Replacement = { readonly attrs: unknown } | { readonly [port: string]: Value }

/**
 * Rebuilds the graph in place, node by node in order, with what `replace` says (undefined: the node as it is, over the
 * rewritten inputs). Returns the map from values of the old graph to those of the new.
 */
export function rewrite(
  graph: Graph,
  replace: (node: Node, rewritten: (value: Value) => Value) => Replacement | undefined,
): (value: Value) => Value {
  const outer = graph.scope
  const renamed = new Map<Value, Value>()
  const rewritten = (value: Value): Value => renamed.get(value) ?? value
  for (const node of graph.nodes.splice(0)) {
    graph.scope = node.scope
    const replacement = replace(node, rewritten)
    const outputs =
      replacement && !('attrs' in replacement)
        ? (replacement as Record<string, Value>)
        : (node.op.emit(
            mapPorts(node.inputs, rewritten),
            replacement && 'attrs' in replacement ? replacement.attrs : node.attrs,
            graph,
          ) as Record<string, Value>)
    for (const [port, value] of Object.entries(node.outputs)) if (outputs[port]) renamed.set(value, outputs[port])
  }
  graph.scope = outer
  return rewritten
}

/** A node's ports with every value replaced. */
export function mapPorts(
  ports: Node['inputs'],
  map: (value: Value) => Value,
): Record<string, Value | Value[] | undefined> {
  const mapped = (entry: Value | readonly Value[]) => (isMany(entry) ? entry.map(map) : map(entry))
  return Object.fromEntries(
    Object.entries(ports).map(([port, entry]) => [port, entry === undefined ? entry : mapped(entry)]),
  )
}
