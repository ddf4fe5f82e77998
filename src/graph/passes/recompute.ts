import { bytesPerElement } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { flatten, type Graph, type Node, type Value } from '../op.js'
import { variableOf } from '../ops/source.js'
import { readersOf } from './readers.js'
import { mapPorts, rewrite } from './rewrite.js'

/**
 * How much is computed twice: `none`; the `cheap` maps, which batch norms and concatenations made; or, with the
 * convolutions too, whatever lies `between` maps that several ops read, such as the inputs of a block's branches. The
 * last is one forward pass more. `auto` is `cheap` where the maps kept for the backward part are larger than the
 * parameters with all that belongs to them, else `none`.
 */
export const recomputations = ['auto', 'none', 'cheap', 'between'] as const
export type Recomputation = (typeof recomputations)[number]

/**
 * Gives up maps that the backward part reads and that can be made again (`OpSpec.replay`): each is computed a second
 * time just before its first backward reader, from maps that are kept. The first `forward` nodes of the graph are its
 * forward part. (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.)
 */
export function recompute(graph: Graph, forward: number, what: Recomputation): (value: Value) => Value {
  const early = new Set<Node>(graph.nodes.slice(0, forward))
  const readers = readersOf(graph)
  const level = what === 'auto' ? (mapsPrevail(graph, early) ? 'cheap' : 'none') : what
  const canReplay = ({ node, port }: Value): boolean => {
    if (!early.has(node) || port !== 'dst' || !node.op.replay) return false
    if (level === 'cheap') return node.op.cost(node.inputs, node.outputs, node.attrs).multiplyAdds === 0
    const inForward = readers.get(node.outputs.dst!)?.filter(reader => early.has(reader)).length ?? 0
    return level === 'between' && inForward === 1
  }
  const replays = new Map<Value, Value>()
  return rewrite(graph, (node, now) => {
    if (early.has(node)) return undefined
    const again = (value: Value): Value => {
      if (!canReplay(value)) return now(value)
      const known = replays.get(value)
      if (known) return known
      const { node: maker } = value
      const replayed = maker.op.replay!(
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

/** Whether maps outweigh parameters, each of which has a gradient, two slots of the optimiser and an average beside it. */
function mapsPrevail(graph: Graph, early: ReadonlySet<Node>): boolean {
  const kept = new Set<Value>()
  for (const node of graph.nodes)
    if (!early.has(node)) for (const value of flatten(node.inputs)) if (early.has(value.node)) kept.add(value)
  let [maps, parameters] = [0, 0]
  for (const value of kept) {
    const variable = variableOf(value)
    const bytes = sizeOf(value.shape) * bytesPerElement(value.dtype)
    if (variable?.role === 'parameter') parameters += 5 * bytes
    else if (!variable && value.dtype !== 'workspace') maps += bytes
  }
  return maps > parameters
}
