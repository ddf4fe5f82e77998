import type { Bound, Op, Ports, Type } from './op.js'
import { addAffine } from './ops/addAffine.js'
import { allReduceBegin, allReduceEnd } from './ops/allReduce.js'
import { avgPoolBackward, avgPoolOp } from './ops/avgPool.js'
import { batchNorm, batchNormBackward, batchNormInference } from './ops/batchNorm.js'
import { batchNormGlobal, statisticsGradient } from './ops/batchNormGlobal.js'
import { castOp } from './ops/cast.js'
import { channelMoments, combineMoments } from './ops/channelMoments.js'
import { concatOp, sliceChannels } from './ops/concat.js'
import { convolution, convolutionBackwardData, convolutionBackwardWeights } from './ops/convolution.js'
import { denseBackwardData, denseBackwardWeights, denseOp } from './ops/dense.js'
import { dropoutOp } from './ops/dropout.js'
import { foldBatchNorm } from './ops/foldBatchNorm.js'
import { fusedConvolution } from './ops/fusedConvolution.js'
import { globalAvgPoolBackward, globalAvgPoolOp } from './ops/globalAvgPool.js'
import { clipFactor, gradientNorms } from './ops/gradientNorms.js'
import { mapStatisticsOp } from './ops/mapStatistics.js'
import { maxPoolBackward, maxPoolOp } from './ops/maxPool.js'
import { mixedCrossEntropy, mixedCrossEntropyBackward } from './ops/mixedCrossEntropy.js'
import { normaliseRowsBackward, normaliseRowsOp } from './ops/normaliseRows.js'
import { partOp } from './ops/part.js'
import { reluBackward, reluOp } from './ops/relu.js'
import { replicaRow } from './ops/replicaRow.js'
import { residualAddOp } from './ops/residualAdd.js'
import { scaleOp } from './ops/scale.js'
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './ops/softmaxCrossEntropy.js'
import { constantOp, inputOp, variableOp } from './ops/source.js'
import { stackFilters } from './ops/stackFilters.js'
import { sumOp } from './ops/sum.js'
import { momentumDescent, movingAverage, rmsprop } from './ops/updates.js'

/** The closed set of ops. A backend must have a kernel for each: its table is a total map over this type. */
export const ops = {
  input: inputOp,
  variable: variableOp,
  constant: constantOp,
  convolution,
  convolutionBackwardData,
  convolutionBackwardWeights,
  fusedConvolution,
  batchNorm,
  batchNormInference,
  batchNormBackward,
  channelMoments,
  combineMoments,
  replicaRow,
  batchNormGlobal,
  statisticsGradient,
  addAffine,
  foldBatchNorm,
  stackFilters,
  relu: reluOp,
  reluBackward,
  residualAdd: residualAddOp,
  scale: scaleOp,
  sum: sumOp,
  concat: concatOp,
  sliceChannels,
  maxPool: maxPoolOp,
  maxPoolBackward,
  avgPool: avgPoolOp,
  avgPoolBackward,
  globalAvgPool: globalAvgPoolOp,
  globalAvgPoolBackward,
  dense: denseOp,
  denseBackwardData,
  denseBackwardWeights,
  dropout: dropoutOp,
  normaliseRows: normaliseRowsOp,
  normaliseRowsBackward,
  mapStatistics: mapStatisticsOp,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  mixedCrossEntropy,
  mixedCrossEntropyBackward,
  cast: castOp,
  gradientNorms,
  clipFactor,
  rmsprop,
  momentumDescent,
  movingAverage,
  allReduceBegin,
  allReduceEnd,
  part: partOp,
} as const

export type Ops = typeof ops
export type OpName = keyof Ops

/** What a backend's kernel for op O is told: its ports filled with T, and its attributes. */
export type Call<O, T = Type> =
  O extends Op<string, infer In extends Ports, infer Out extends Ports, infer _, infer Attrs>
    ? { readonly x: Bound<In, T>; readonly y: Bound<Out, T>; readonly attrs: Attrs; readonly scope: string }
    : never
