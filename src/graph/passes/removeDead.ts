import { flatten, type Graph, type Node, type Value } from '../op.js'

/** Drops every node that neither leads to a value of `keep` nor writes a variable. */
export function removeDead(graph: Graph, keep: readonly Value[]): void {
  const live = new Set<Node>(keep.map(value => value.node))
  for (const node of [...graph.nodes].reverse()) {
    if (node.op.mutates?.length) live.add(node)
    if (live.has(node)) for (const value of flatten(node.inputs)) live.add(value.node)
  }
  const alive = graph.nodes.filter(node => live.has(node))
  graph.nodes.splice(0, graph.nodes.length, ...alive)
}
