import { bytesPerElement } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { flatten, type Graph, type Node, type Value } from '../op.js'
import { variableOf } from '../ops/source.js'
import { mapPorts, rewrite } from './rewrite.js'

/**
 * How much is computed twice: `none`; `cheap` maps, which batch norms, concatenations and the smallest convolutions
 * made; or all maps `between` every second branching point, such as the inputs of every second block, which is one
 * forward pass more. `auto` is `cheap` where the maps kept for the backward part are one and a half times as large
 * as the parameters with all that belongs to them, else `none`.
 */
export const recomputations = ['auto', 'none', 'cheap', 'between'] as const
export type Recomputation = (typeof recomputations)[number]

/** Multiply-adds an element up to which a map is cheap: those of a 3×3 convolution over 32 channels. */
const cheapWork = 288

/**
 * Gives up maps that the backward part reads and that can be made again (`OpSpec.replay`): each is computed a second
 * time just before its first backward reader, from maps that are kept. The first `forward` nodes of the graph are its
 * forward part. (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.)
 */
export function recompute(graph: Graph, forward: number, what: Recomputation): (value: Value) => Value {
  const early = new Set<Node>(graph.nodes.slice(0, forward))
  const level = what === 'auto' ? (mapsPrevail(graph, early) ? 'cheap' : 'none') : what
  const given = givenUp[level](graph.nodes.slice(0, forward))
  const replays = new Map<Value, Value>()
  return rewrite(graph, (node, now) => {
    if (early.has(node)) return undefined
    const again = (value: Value): Value => {
      if (!given.has(value)) return now(value)
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

/** The values of a forward part that are not kept. */
const givenUp: {
  readonly [R in Exclude<Recomputation, 'auto'>]: (forward: readonly Node[]) => ReadonlySet<Value>
} = {
  none: () => new Set(),
  cheap: forward =>
    new Set(forward.filter(isCheap).flatMap(({ op, outputs }) => (op.replay && outputs.dst ? [outputs.dst] : []))),
  between: betweenBranchings,
}

const isCheap = ({ op, inputs, outputs, attrs }: Node): boolean =>
  outputs.dst !== undefined && op.cost(inputs, outputs, attrs).multiplyAdds <= cheapWork * sizeOf(outputs.dst.shape)

/** All that can be made again, but the values at every second branching point along each path from the images. */
function betweenBranchings(forward: readonly Node[]): ReadonlySet<Value> {
  const readers = new Map<Value, Set<Node>>()
  for (const node of forward)
    for (const value of flatten(node.inputs)) readers.set(value, (readers.get(value) ?? new Set()).add(node))
  const passed = new Map<Value, number>()
  const given = new Set<Value>()
  for (const { op, inputs, outputs } of forward) {
    const before = Math.max(0, ...flatten(inputs).map(value => passed.get(value) ?? 0))
    for (const value of Object.values(outputs)) {
      const branches = (readers.get(value)?.size ?? 0) > 1
      const count = before + (branches ? 1 : 0)
      passed.set(value, count)
      if (value === outputs.dst && op.replay && !(branches && count % 2 === 0)) given.add(value)
    }
  }
  return given
}

/** How many times the parameters' bytes maps must have to be worth the time. */
const prevailing = 1.5

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
  return maps > prevailing * parameters
}
