import { flatten, type Graph, type Node, type Value } from '../../graph/op.js'
import { FlowNetwork } from '../min-cut.js'
import type { MapLayout } from './layout.js'

/** How a node is computed: the layout of all its feature maps, and the way among those that its lowering offers. */
export interface Choice {
  readonly layout: MapLayout
  readonly way: string
}

/** The best way of a node in each layout, with its milliseconds; a layout that the node cannot have is missing. */
export type Costs = { readonly [L in MapLayout]?: { readonly way: string; readonly milliseconds: number } }

const indivisible = 1e9

/**
 * Gives every node the layout and way that make the whole graph fastest: the time of the nodes plus that of the
 * reorders wherever a map goes from a node of one layout to one of the other. With two layouts this is a minimum cut
 * between them, so the optimum is exact. `reorder` says how long a map takes to change its layout; a workspace means
 * what its maker's layout makes of it, so its maker and readers stay together.
 */
export function assignLayouts(
  graph: Graph,
  costs: ReadonlyMap<Node, Costs>,
  isMap: (value: Value, reader: Node) => boolean,
  reorder: (value: Value) => number,
): ReadonlyMap<Node, Choice> {
  const index = new Map([...costs.keys()].map((node, i) => [node, i + 2]))
  const [channelsLast, blocked] = [0, 1]
  const flow = new FlowNetwork(costs.size + 2)
  for (const [node, cost] of costs) {
    flow.join(channelsLast, index.get(node)!, cost.blocked?.milliseconds ?? indivisible, 0)
    flow.join(index.get(node)!, blocked, cost.channelsLast?.milliseconds ?? indivisible, 0)
  }
  for (const node of graph.nodes) {
    const reader = index.get(node)
    if (reader === undefined) continue
    for (const value of new Set(flatten(node.inputs))) {
      const maker = index.get(value.node)
      if (maker === undefined) continue
      if (value.dtype === 'workspace') flow.join(maker, reader, indivisible, indivisible)
      else if (isMap(value, node)) flow.join(maker, reader, reorder(value), reorder(value))
    }
  }
  const side = flow.cut(channelsLast, blocked)
  return new Map(
    [...costs].map(([node, cost]) => {
      const layout = side[index.get(node)!] ? 'channelsLast' : 'blocked'
      return [node, { layout, way: cost[layout]!.way }]
    }),
  )
}
