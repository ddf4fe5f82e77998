import { flatten, type Node, type Value } from './op.js'
import { constant } from './ops/source.js'
import { sum } from './ops/sum.js'

/**
 * Reverse-mode differentiation, graph to graph: emits the nodes that compute d(Σ weight·loss)/d(wrt) and returns those
 * values in the order of `wrt`. A weight is a number for all elements of a loss, or a value of its shape with one for
 * each. Knows no op by name. Throws when a `wrt` does not lead to any loss.
 */
export function gradients(
  losses: readonly { readonly of: Value; readonly weight: number | Value }[],
  wrt: readonly Value[],
): Value[] {
  const graph = losses[0]!.of.node.graph
  const forward = [...graph.nodes]
  const outer = graph.scope
  const contributions = new Map<Value, Value[]>()
  const contribute = (to: Value, gradient: Value) => contributions.set(to, [...(contributions.get(to) ?? []), gradient])
  const needed = dependents(forward, wrt)

  for (const { of, weight } of losses)
    contribute(of, typeof weight === 'number' ? constant(graph, of.shape, weight) : weight)
  for (const node of forward.reverse()) {
    if (!needed.has(node)) continue
    graph.scope = node.scope
    const diff = Object.fromEntries(
      Object.entries(node.outputs).map(([port, value]) => {
        const parts = contributions.get(value)
        return [port, parts && sum(parts)]
      }),
    )
    for (const [port, value] of Object.entries(node.outputs)) if (diff[port]) contributions.set(value, [diff[port]])
    if (!Object.values(diff).some(Boolean) || !node.op.grad) continue
    const ports: Record<string, Value | readonly Value[] | undefined> = { ...node.inputs, ...node.outputs }
    const saved = Object.fromEntries(node.op.saves.map(port => [port, ports[port as string]]))
    const result = node.op.grad(diff, saved, ports, node.attrs) as Record<
      string,
      Value | (Value | undefined)[] | undefined
    >
    for (const [port, gradient] of Object.entries(result)) {
      const inputs = [node.inputs[port] ?? []].flat() as Value[]
      for (const [i, part] of [gradient].flat().entries()) if (part && inputs[i]) contribute(inputs[i], part)
    }
  }
  graph.scope = outer
  return wrt.map(value => {
    const parts = contributions.get(value)
    if (!parts) throw new Error(`no path from the loss to '${value.node.scope || value.node.op.name}'`)
    return sum(parts)
  })
}

/** The nodes that some `wrt` leads to: only through them can a gradient be of use. */
function dependents(nodes: readonly Node[], wrt: readonly Value[]): Set<Node> {
  const found = new Set<Node>(wrt.map(value => value.node))
  for (const node of nodes) if (flatten(node.inputs).some(value => found.has(value.node))) found.add(node)
  return found
}
