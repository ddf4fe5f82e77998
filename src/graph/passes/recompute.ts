import { flatten, type Graph, type Node, type Value } from '../op.js'
import { mapPorts, rewrite } from './rewrite.js'

/**
 * Gives up maps that the backward part reads and that are cheap to make again (`OpSpec.replay`): each is computed a
 * second time just before its first backward reader, from maps that are kept anyway. The first `forward` nodes of the
 * graph are its forward part.
 */
export function recompute(graph: Graph, forward: number): (value: Value) => Value {
  const early = new Set<Node>(graph.nodes.slice(0, forward))
  const replays = new Map<Value, Value>()
  return rewrite(graph, (node, now) => {
    if (early.has(node)) return undefined
    const again = (value: Value): Value => {
      const { node: maker } = value
      if (!early.has(maker) || value.port !== 'dst' || !maker.op.replay) return now(value)
      const known = replays.get(value)
      if (known) return known
      const replayed = maker.op.replay(
        mapPorts(maker.inputs, again),
        mapPorts(maker.outputs, now),
        maker.attrs,
      ) as Value
      replays.set(value, replayed)
      return replayed
    }
    if (!flatten(node.inputs).some(value => again(value) !== now(value))) return undefined
    return node.op.emit(mapPorts(node.inputs, again), node.attrs, graph) as Record<string, Value>
  })
}
