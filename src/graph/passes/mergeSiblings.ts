import type { Graph, Node, Value } from '../op.js'
import { sliceChannels } from '../ops/concat.js'
import { fusedConvolution } from '../ops/fusedConvolution.js'
import { stackFilters } from '../ops/stackFilters.js'
import { isPointwise } from '../ops/window.js'
import { type Match, matchOf } from './match.js'
import { parametersFirst } from './parametersFirst.js'
import { removeDead } from './removeDead.js'
import { rewrite } from './rewrite.js'

type Sibling = Match<typeof fusedConvolution.inputs, Parameters<typeof fusedConvolution.emit>[1]>

/**
 * Pointwise convolutions on one input, as at the heads of an Inception block's branches, run as one with all their
 * filters: the input is read once. Of folded convolutions only, whose weights are stacked once and not in every run.
 */
export function mergeSiblings(graph: Graph, keep: readonly Value[]): (value: Value) => Value {
  parametersFirst(graph)
  const families = new Map<string, Map<Node, Sibling>>()
  const ids = new Map<Value, number>()
  for (const node of graph.nodes) {
    const sibling = matchOf(node, fusedConvolution)
    if (!sibling || !canMerge(sibling) || keep.includes(node.outputs.dst!)) continue
    const { src } = sibling.x
    if (!ids.has(src)) ids.set(src, ids.size)
    const key = `${ids.get(src)} ${sibling.attrs.relu}`
    families.set(key, (families.get(key) ?? new Map<Node, Sibling>()).set(node, sibling))
  }
  const familyOf = new Map<Node, Map<Node, Sibling>>()
  for (const family of families.values())
    if (family.size > 1) for (const node of family.keys()) familyOf.set(node, family)

  const parts = new Map<Node, Value>()
  const renamed = rewrite(graph, (node, now) => {
    const family = familyOf.get(node)
    if (!family) return undefined
    if (!parts.has(node)) splitMerged(family, now, parts)
    return { dst: parts.get(node)! }
  })
  removeDead(graph, keep.map(renamed))
  return renamed
}

const canMerge = ({ x: { bias, residual }, attrs }: Sibling) =>
  isPointwise(attrs) && attrs.groups === 1 && attrs.scale === 1 && bias !== undefined && residual === undefined

/** Emits the convolution of a whole family, and each member's channels of its result. */
function splitMerged(family: ReadonlyMap<Node, Sibling>, now: (value: Value) => Value, parts: Map<Node, Value>) {
  const siblings = [...family.values()]
  const weights = stackFilters.emit({ src: siblings.map(({ x }) => now(x.weights)) }, {}).dst
  const bias = stackFilters.emit({ src: siblings.map(({ x }) => now(x.bias!)) }, {}).dst
  const { x, attrs } = siblings[0]!
  const { dst } = fusedConvolution.emit({ src: now(x.src), weights, bias, residual: undefined }, attrs)
  let begin = 0
  for (const [node, sibling] of family) {
    const channels = sibling.x.weights.shape[0]!
    parts.set(node, sliceChannels.emit({ src: dst }, { begin, channels }).dst)
    begin += channels
  }
}
