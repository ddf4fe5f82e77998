import type { Graph, Value } from '../op.js'
import { convolution } from '../ops/convolution.js'
import { fusedConvolution } from '../ops/fusedConvolution.js'
import { residualAddOp } from '../ops/residualAdd.js'
import { matchOf, soleProducer } from './match.js'
import { readersOf } from './readers.js'
import { removeDead } from './removeDead.js'
import { rewrite } from './rewrite.js'

/**
 * The scaled sum and the ReLU at the end of a residual block become part of the block's last convolution. Run after
 * gradients have been taken: theirs read the sum, never the convolution's own result.
 */
export function fuseResidual(graph: Graph, keep: readonly Value[]): (value: Value) => Value {
  const readers = readersOf(graph)
  const renamed = rewrite(graph, (node, now) => {
    const add = matchOf(node, residualAddOp)
    const before = add && soleProducer(add.x.residual, convolution, readers, keep)
    if (!before) return undefined
    const { src, weights, bias } = before.x
    return fusedConvolution.emit(
      { src: now(src), weights: now(weights), bias: bias && now(bias), residual: now(add.x.src) },
      { ...before.attrs, ...add.attrs },
    )
  })
  removeDead(graph, keep.map(renamed))
  return renamed
}
