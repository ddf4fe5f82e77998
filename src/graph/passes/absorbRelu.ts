import type { Graph, Node, Value } from '../op.js'
import { reluOp } from '../ops/relu.js'
import { readersOf } from './readers.js'
import { rewrite } from './rewrite.js'

/**
 * Merges a ReLU into the op before it where that op can apply one itself and nobody else reads its result, so the map
 * is written once instead of twice. Run before gradients are taken, and again after passes that fuse.
 */
export function absorbRelu(graph: Graph, keep: readonly Value[]): (value: Value) => Value {
  const readers = readersOf(graph)
  const merged = new Map<Node, Value>()
  for (const node of graph.nodes) {
    const dst = node.outputs.dst
    const only = dst && !keep.includes(dst) && readers.get(dst)?.length === 1 ? readers.get(dst)![0]! : undefined
    if (only?.op.name === reluOp.name && node.op.absorbRelu?.(node.attrs)) merged.set(only, dst!)
  }
  const absorbing = new Set([...merged.values()].map(value => value.node))
  return rewrite(graph, (node, inputs) => {
    const source = merged.get(node)
    if (source) return { dst: inputs(source) }
    return absorbing.has(node) ? { attrs: node.op.absorbRelu!(node.attrs) } : undefined
  })
}
