import { bytesPerElement } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, type Type, type Value } from '../op.js'
import { reduceTogether } from '../reduceTogether.js'
import { addAffine } from './addAffine.js'
import { type BatchNorm, batchNormBackward, batchNormInference, channelsOf, normalise } from './batchNorm.js'
import { channelMoments, combineMoments } from './channelMoments.js'
import { type Replica, replicaRow } from './replicaRow.js'
import { constant } from './source.js'

/** Of a batch norm over the images of so many replicas. */
export interface GlobalBatchNorm extends BatchNorm {
  readonly replicas: number
}

/**
 * Batch normalisation with the statistics of the global batch, of which each replica computes an equal part. Shapes as
 * `batchNorm`; mean and variance [C] f32 are those of all parts, so they depend on src, and the gradient of src goes
 * through them on all replicas. That of scale and shift is this replica's part of it, for the sum over all replicas that
 * the gradients of all parameters go through.
 */
export const batchNormGlobal = defineOp({
  name: 'batchNormGlobal',
  inputs: { src: 'one', scale: 'optional', shift: 'one', mean: 'one', variance: 'one' },
  outputs: { dst: 'one', workspace: 'optional' },
  infer({ src, shift }, { relu }: GlobalBatchNorm) {
    channelsOf(src, shift)
    return {
      dst: { dtype: src.dtype, shape: src.shape },
      workspace: relu ? { dtype: 'workspace', shape: src.shape } : undefined,
    }
  },
  saves: ['src', 'scale', 'mean', 'variance', 'workspace'],
  grad({ dst: diff_dst }, { src, scale, mean, variance, workspace }, _, { epsilon, relu, replicas }) {
    if (!diff_dst) return {}
    // A norm without scale has one of 1, whose gradient is needed all the same.
    const factor = scale ?? constant(src.node.graph, mean.shape, 1)
    const own = batchNormBackward.emit(
      { src, scale: factor, mean, variance, workspace, diff_dst },
      { epsilon, relu, scale: true, fixedStatistics: true },
    )
    const [diff_scale, diff_shift] = summed([own.diff_scale!, own.diff_shift], replicas) as [Value, Value]
    const count = (replicas * sizeOf(src.shape)) / sizeOf(mean.shape)
    const line = statisticsGradient.emit({ scale: factor, mean, variance, diff_scale, diff_shift }, { epsilon, count })
    return {
      src: addAffine.emit({ src, ...line, residual: own.diff_src }, {}).dst,
      scale: scale && own.diff_scale,
      shift: own.diff_shift,
    }
  },
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(src.shape) }),
  reference({ src, scale, shift, mean, variance }, { dst, workspace }, { epsilon, relu }) {
    normalise(src, mean.data, variance.data, scale?.data, shift.data, dst.data, epsilon, relu)
    if (workspace) for (let i = 0; i < dst.data.length; i++) workspace.data[i] = dst.data[i]! > 0 ? 1 : 0
  },
  absorbRelu: attrs => ({ ...attrs, relu: true }),
  replay: ({ src, scale, shift, mean, variance }, _, { epsilon, relu }) =>
    batchNormInference.emit({ src, scale, shift, mean, variance }, { epsilon, relu }).dst,
})

/**
 * The part of a batch norm's gradient that reaches src through mean and variance: −scale/√(variance + ε) · (Σ diff_dst +
 * x̂ · Σ diff_dst·x̂) / count, with x̂ the normalised src, is slope · src + offset. diff_scale and diff_shift are those sums,
 * over all `count` elements of a channel; all [C] → slope, offset [C].
 */
export const statisticsGradient = defineOp({
  name: 'statisticsGradient',
  inputs: { scale: 'one', mean: 'one', variance: 'one', diff_scale: 'one', diff_shift: 'one' },
  outputs: { slope: 'one', offset: 'one' },
  infer({ mean: { shape } }, _: { readonly epsilon: number; readonly count: number }) {
    const each: Type = { dtype: 'f32', shape }
    return { slope: each, offset: each }
  },
  saves: [],
  grad: null,
  cost: ({ mean }) => ({ multiplyAdds: 0, flops: 9 * sizeOf(mean.shape) }),
  reference({ scale, mean, variance, diff_scale, diff_shift }, { slope, offset }, { epsilon, count }) {
    for (let c = 0; c < mean.data.length; c++) {
      const inverse = 1 / Math.sqrt(variance.data[c]! + epsilon)
      const factor = (-scale.data[c]! * inverse) / count
      const steepness = factor * inverse * diff_scale.data[c]!
      slope.data[c] = steepness
      offset.data[c] = factor * diff_shift.data[c]! - steepness * mean.data[c]!
    }
  },
})

/** The most that a group of images takes in `channelMoments`: a kernel goes over it three times while it is in a cache. */
const groupBytes = 4 * 2 ** 20

/**
 * Batch normalisation over the images of all replicas. Moments of the parts are gathered and combined, which takes one
 * exchange where sums over the whole batch would take two, one for the mean and one for the squares about it; PyTorch's
 * SyncBatchNorm does the same. Every replica combines the same numbers in the same order, so mean and variance are equal
 * to the last bit.
 */
export function batchNormAcross(
  { src, scale, shift }: { readonly src: Value; readonly scale: Value | undefined; readonly shift: Value },
  { epsilon, replica }: { readonly epsilon: number; readonly replica: Replica },
): { readonly dst: Value; readonly mean: Value; readonly variance: Value } {
  const own = combineMoments.emit({ moments: channelMoments.emit({ src }, { groups: groupsOf(src) }).dst }, {})
  const row = replicaRow.emit({ src: [own.mean, own.variance] }, replica).dst
  const { mean, variance } = combineMoments.emit({ moments: summed([row], replica.of)[0]! }, {})
  const attrs = { epsilon, relu: false, replicas: replica.of }
  return { dst: batchNormGlobal.emit({ src, scale, shift, mean, variance }, attrs).dst, mean, variance }
}

/** As few equal groups of images as are small enough. */
function groupsOf(src: Type): number {
  const [images] = featureMap(src)
  const most = Math.max(1, Math.floor((images * groupBytes) / (sizeOf(src.shape) * bytesPerElement(src.dtype))))
  for (let each = Math.min(images, most); ; each--) if (images % each === 0) return images / each
}

/** Sums over all replicas, at once. */
const summed = (values: readonly Value[], replicas: number): readonly Value[] =>
  reduceTogether(values, { replicas, precision: 'f32' })
