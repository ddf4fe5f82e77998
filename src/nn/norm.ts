import { featureMap, type Value } from '../graph/op.js'
import { batchNormInference, batchNorm as batchNormOp } from '../graph/ops/batchNorm.js'
import { batchNormAcross } from '../graph/ops/batchNormGlobal.js'
import type { Scope } from './scope.js'

/**
 * Batch norm with the statistics of the batch in training, which is that of all replicas where norms are synchronised;
 * with the running ones in evaluation and where it is frozen.
 */
export function batchNorm(x: Value, at: Scope): Value {
  const { norm, replica } = at.settings
  const { epsilon } = norm
  const channels = [featureMap(x)[1]]
  const scale = norm.scale ? at.parameter('scale', channels, { kind: 'constant', value: 1 }) : undefined
  const shift = at.parameter('shift', channels, { kind: 'constant', value: 0 })
  const mean = at.statistic('mean', channels, 0)
  const variance = at.statistic('variance', channels, 1)
  const of = { src: x, scale, shift }
  if (!at.isMeasured) return batchNormInference.emit({ ...of, mean, variance }, { epsilon, relu: false }).dst
  const y =
    norm.synchronised && replica.of > 1
      ? batchNormAcross(of, { epsilon, replica })
      : batchNormOp.emit(of, { epsilon, relu: false })
  at.root.statistics.push({ running: mean, batch: y.mean }, { running: variance, batch: y.variance })
  return y.dst
}
