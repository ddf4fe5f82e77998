import { featureMap, type Value } from '../graph/op.js'
import { batchNormInference, batchNorm as batchNormOp } from '../graph/ops/batchNorm.js'
import type { Scope } from './scope.js'

/** Batch norm with the statistics of the batch in training, with the running ones in evaluation and where it is frozen. */
export function batchNorm(x: Value, at: Scope): Value {
  const { norm } = at.settings
  const channels = [featureMap(x)[1]]
  const scale = norm.scale ? at.parameter('scale', channels, { kind: 'constant', value: 1 }) : undefined
  const shift = at.parameter('shift', channels, { kind: 'constant', value: 0 })
  const mean = at.statistic('mean', channels, 0)
  const variance = at.statistic('variance', channels, 1)
  const attrs = { epsilon: norm.epsilon, relu: false }
  if (!at.isMeasured) return batchNormInference.emit({ src: x, scale, shift, mean, variance }, attrs).dst
  const y = batchNormOp.emit({ src: x, scale, shift }, attrs)
  at.root.statistics.push({ running: mean, batch: y.mean }, { running: variance, batch: y.variance })
  return y.dst
}
