import type { Graph, Value } from '../op.js'
import { batchNormInference } from '../ops/batchNorm.js'
import { convolution } from '../ops/convolution.js'
import { foldBatchNorm as fold } from '../ops/foldBatchNorm.js'
import { fusedConvolution } from '../ops/fusedConvolution.js'
import { matchOf, soleProducer } from './match.js'
import { readersOf } from './readers.js'
import { removeDead } from './removeDead.js'
import { rewrite } from './rewrite.js'

/** Batch norms with given statistics go into the weights and bias of the convolution before them. */
export function foldBatchNorm(graph: Graph, keep: readonly Value[]): (value: Value) => Value {
  const readers = readersOf(graph)
  const renamed = rewrite(graph, (node, now) => {
    const norm = matchOf(node, batchNormInference)
    const before = norm && soleProducer(norm.x.src, convolution, readers, keep)
    if (!before) return undefined
    const { src, weights, bias } = before.x
    const { scale, shift, mean, variance } = norm.x
    const folded = fold.emit(
      {
        weights: now(weights),
        bias: bias && now(bias),
        scale: scale && now(scale),
        shift: now(shift),
        mean: now(mean),
        variance: now(variance),
      },
      { epsilon: norm.attrs.epsilon },
    )
    return fusedConvolution.emit(
      { src: now(src), ...folded, residual: undefined },
      { ...before.attrs, scale: 1, relu: norm.attrs.relu },
    )
  })
  removeDead(graph, keep.map(renamed))
  return renamed
}
