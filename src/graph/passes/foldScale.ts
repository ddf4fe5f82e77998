import type { Graph, Value } from '../op.js'
import { fusedConvolution } from '../ops/fusedConvolution.js'
import { scale } from '../ops/scale.js'
import { matchOf } from './match.js'
import { rewrite } from './rewrite.js'

/** A residual's scale goes into the weights and bias of its last convolution, where these stay as they are. */
export function foldScale(graph: Graph, _: readonly Value[]): (value: Value) => Value {
  const learns = graph.nodes.some(({ op }) => op.mutates?.length)
  return rewrite(graph, (node, now) => {
    const fused = matchOf(node, fusedConvolution)
    if (learns || !fused || fused.attrs.scale === 1) return undefined
    const { src, weights, bias, residual } = fused.x
    const scaled = (value: Value) => scale(now(value), fused.attrs.scale)
    return fusedConvolution.emit(
      { src: now(src), weights: scaled(weights), bias: bias && scaled(bias), residual: residual && now(residual) },
      { ...fused.attrs, scale: 1 },
    )
  })
}
