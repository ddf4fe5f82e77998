import { sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, type Numbers, ShapeError, type Tensor, type Type, type Value } from '../op.js'
import { reluBackward } from './relu.js'
import { constant } from './source.js'

export interface BatchNorm {
  /** Added to the variance before the root. */
  readonly epsilon: number
  /** Apply a ReLU to the result; the training op then leaves a mask of the survivors in `workspace`. */
  readonly relu: boolean
}

/**
 * Batch normalisation over batch, height and width, with the batch's own statistics (Ioffe and Szegedy, 2015).
 * src [N,C,H,W], scale and shift [C] f32 → dst like src; mean and (biased) variance [C] f32. No scale: slim's form.
 */
export const batchNorm = defineOp({
  name: 'batchNorm',
  inputs: { src: 'one', scale: 'optional', shift: 'one' },
  outputs: { dst: 'one', mean: 'one', variance: 'one', workspace: 'optional' },
  infer({ src, shift }, { relu }: BatchNorm) {
    const statistics: Type = { dtype: 'f32', shape: [channelsOf(src, shift)] }
    return {
      dst: { dtype: src.dtype, shape: src.shape },
      mean: statistics,
      variance: statistics,
      workspace: relu ? { dtype: 'workspace', shape: src.shape } : undefined,
    }
  },
  saves: ['src', 'scale', 'mean', 'variance', 'workspace'],
  grad({ dst }, saved, types, attrs) {
    if (!dst) return {}
    const { diff_src, diff_scale, diff_shift } = batchNormBackward.emit(
      { ...saved, diff_dst: dst },
      { ...attrs, fixedStatistics: false, scale: types.scale !== undefined },
    )
    return { src: diff_src, scale: diff_scale, shift: diff_shift }
  },
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 7 * sizeOf(src.shape) }),
  reference({ src, scale, shift }, { dst, mean, variance, workspace }, { epsilon, relu }) {
    const count = src.data.length / mean.data.length
    mean.data.fill(0)
    variance.data.fill(0)
    eachChannel(src, (c, i) => {
      mean.data[c]! += src.data[i]! / count
    })
    eachChannel(src, (c, i) => {
      variance.data[c]! += (src.data[i]! - mean.data[c]!) ** 2 / count
    })
    normalise(src, mean.data, variance.data, scale?.data, shift.data, dst.data, epsilon, relu)
    if (workspace) for (let i = 0; i < dst.data.length; i++) workspace.data[i] = dst.data[i]! > 0 ? 1 : 0
  },
  absorbRelu: attrs => ({ ...attrs, relu: true }),
  replay: ({ src, scale, shift }, { mean, variance }, attrs) =>
    batchNormInference.emit({ src, scale, shift, mean, variance }, attrs).dst,
})

/**
 * Batch normalisation with given statistics, as in evaluation and in parts of a network that are not trained. Shapes as
 * `batchNorm`; mean and variance [C] f32, which get no gradient. The gradient of src is the gradient of dst, masked by
 * the ReLU, times scale / √(variance + ε): it reads no map but dst's signs, so src is kept only where scale or shift are
 * trained.
 */
export const batchNormInference = defineOp({
  name: 'batchNormInference',
  inputs: { src: 'one', scale: 'optional', shift: 'one', mean: 'one', variance: 'one' },
  outputs: { dst: 'one' },
  infer({ src, shift }, _: BatchNorm) {
    channelsOf(src, shift)
    return { dst: { dtype: src.dtype, shape: src.shape } }
  },
  saves: ['src', 'scale', 'mean', 'variance', 'dst'],
  grad({ dst: diff }, { src, scale, mean, variance, dst }, _, { epsilon, relu }) {
    if (!diff) return {}
    const diff_dst = relu ? reluBackward.emit({ dst, diff_dst: diff }, {}).diff_src : diff
    const { diff_scale, diff_shift } = batchNormBackward.emit(
      { src, scale, mean, variance, workspace: undefined, diff_dst },
      { epsilon, relu: false, fixedStatistics: true, scale: scale !== undefined },
    )
    return { src: rescaled(diff_dst, scale, variance, epsilon), scale: diff_scale, shift: diff_shift }
  },
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(src.shape) }),
  reference({ src, scale, shift, mean, variance }, { dst }, { epsilon, relu }) {
    normalise(src, mean.data, variance.data, scale?.data, shift.data, dst.data, epsilon, relu)
  },
  inPlace: { dst: 'src' },
  absorbRelu: attrs => ({ ...attrs, relu: true }),
})

/** src · scale / √(variance + ε), channel by channel. */
function rescaled(src: Value, scale: Value | undefined, variance: Value, epsilon: number): Value {
  const zero = constant(src.node.graph, variance.shape, 0)
  return batchNormInference.emit({ src, scale, shift: zero, mean: zero, variance }, { epsilon, relu: false }).dst
}

/**
 * Gradients of a batch norm, through its mean and variance unless `fixedStatistics`. With `relu`, diff_dst is first
 * masked by `workspace`.
 */
export const batchNormBackward = defineOp({
  name: 'batchNormBackward',
  inputs: { src: 'one', scale: 'optional', mean: 'one', variance: 'one', workspace: 'optional', diff_dst: 'one' },
  outputs: { diff_src: 'one', diff_scale: 'optional', diff_shift: 'one' },
  infer: ({ src, mean }, { scale }: BatchNorm & { readonly scale: boolean; readonly fixedStatistics: boolean }) => ({
    diff_src: { dtype: src.dtype, shape: src.shape },
    diff_scale: scale ? { dtype: 'f32', shape: mean.shape } : undefined,
    diff_shift: { dtype: 'f32', shape: mean.shape },
  }),
  saves: [],
  grad: null,
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 11 * sizeOf(src.shape) }),
  reference(
    { src, scale, mean, variance, workspace, diff_dst },
    { diff_src, diff_scale, diff_shift },
    { epsilon, fixedStatistics },
  ) {
    const channels = mean.data.length
    const count = src.data.length / channels
    const inverse = Float64Array.from(variance.data, v => 1 / Math.sqrt(v + epsilon))
    const [sum, dot] = [new Float64Array(channels), new Float64Array(channels)]
    const masked = (i: number) => (workspace && workspace.data[i] === 0 ? 0 : diff_dst.data[i]!)
    eachChannel(src, (c, i) => {
      sum[c]! += masked(i)
      dot[c]! += masked(i) * (src.data[i]! - mean.data[c]!) * inverse[c]!
    })
    eachChannel(src, (c, i) => {
      const centred = (src.data[i]! - mean.data[c]!) * inverse[c]!
      const through = fixedStatistics ? 0 : (sum[c]! + centred * dot[c]!) / count
      diff_src.data[i] = (scale ? scale.data[c]! : 1) * inverse[c]! * (masked(i) - through)
    })
    diff_scale?.data.set(dot)
    diff_shift.data.set(sum)
  },
  inPlace: { diff_src: 'diff_dst' },
})

/** The channels of `src`, which `shift` must have too. */
export function channelsOf(src: Type, shift: Type): number {
  const [, channels] = featureMap(src)
  if (shift.shape[0] !== channels) throw new ShapeError(`shift of ${shift.shape[0]} for ${channels} channels`)
  return channels
}

function eachChannel({ shape }: Tensor, visit: (channel: number, index: number) => void) {
  const [n, c, h, w] = shape as [number, number, number, number]
  const plane = h * w
  for (let p = 0; p < n * c; p++) for (let i = p * plane; i < (p + 1) * plane; i++) visit(p % c, i)
}

/** (src − mean) / √(variance + ε) · scale + shift, channel by channel, and the ReLU of that. */
export function normalise(
  src: Tensor,
  mean: Numbers,
  variance: Numbers,
  scale: Numbers | undefined,
  shift: Numbers,
  dst: Numbers,
  epsilon: number,
  relu: boolean,
) {
  eachChannel(src, (c, i) => {
    const y = ((src.data[i]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * (scale ? scale[c]! : 1) + shift[c]!
    dst[i] = relu && y < 0 ? 0 : y
  })
}
