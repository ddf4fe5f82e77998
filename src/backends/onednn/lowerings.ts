import type { Lowerings } from './kernels.js'
import { allReduceBegin, allReduceEnd, part } from './lowering/allReduce.js'
import { batchNorm, batchNormBackward, batchNormInference } from './lowering/batchNorm.js'
import { concat, sliceChannels } from './lowering/concat.js'
import {
  convolution,
  convolutionBackwardData,
  convolutionBackwardWeights,
  fusedConvolution,
} from './lowering/convolution.js'
import { dense, denseBackwardData, denseBackwardWeights } from './lowering/dense.js'
import { cast, relu, reluBackward, residualAdd, scale, sum } from './lowering/elementwise.js'
import { mapStatistics } from './lowering/mapStatistics.js'
import {
  avgPool,
  avgPoolBackward,
  globalAvgPool,
  globalAvgPoolBackward,
  maxPool,
  maxPoolBackward,
} from './lowering/pool.js'
import {
  clipFactor,
  constant,
  dropout,
  foldBatchNorm,
  mixedCrossEntropy,
  mixedCrossEntropyBackward,
  normaliseRows,
  normaliseRowsBackward,
  nothing,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  stackFilters,
} from './lowering/script.js'
import { gradientNorms, momentumDescent, movingAverage, rmsprop } from './lowering/updates.js'

export const lowerings: Lowerings = {
  input: nothing,
  variable: nothing,
  constant,
  convolution,
  convolutionBackwardData,
  convolutionBackwardWeights,
  fusedConvolution,
  batchNorm,
  batchNormInference,
  batchNormBackward,
  foldBatchNorm,
  stackFilters,
  relu,
  reluBackward,
  residualAdd,
  scale,
  sum,
  concat,
  sliceChannels,
  maxPool,
  maxPoolBackward,
  avgPool,
  avgPoolBackward,
  globalAvgPool,
  globalAvgPoolBackward,
  dense,
  denseBackwardData,
  denseBackwardWeights,
  dropout,
  normaliseRows,
  normaliseRowsBackward,
  mapStatistics,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  mixedCrossEntropy,
  mixedCrossEntropyBackward,
  cast,
  gradientNorms,
  clipFactor,
  rmsprop,
  momentumDescent,
  movingAverage,
  allReduceBegin,
  allReduceEnd,
  part,
}
