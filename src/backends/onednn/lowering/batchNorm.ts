import type { Ops } from '../../../graph/ops.js'
import { arg, type BatchNormOptions, type Descriptor, type Propagation } from '../api.js'
import type { Argument, Kernels, Lowering, Operand } from '../kernels.js'

interface Settings {
  readonly epsilon: number
  readonly relu: boolean
}

export const batchNorm: Lowering<Ops['batchNorm']> = {
  lower({ x: { src, scale, shift }, y: { dst, mean, variance, workspace }, attrs }, k) {
    const { primitive, map } = forward(k, 'training', src, scale, attrs, false)
    k.launch(primitive, [
      [arg.src, map, k.prepared(src, map)],
      ...affine(scale, shift),
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.dst, map, k.delivered(dst, map)],
      ...(workspace ? [k.workspace(workspace, primitive)] : []),
    ])
  },
}

export const batchNormInference: Lowering<Ops['batchNormInference']> = {
  lower({ x: { src, scale, shift, mean, variance }, y: { dst }, attrs }, k) {
    const { primitive, map } = forward(k, 'inference', src, scale, attrs, true)
    k.launch(primitive, [
      [arg.src, map, k.prepared(src, map)],
      ...affine(scale, shift),
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.dst, map, k.delivered(dst, map)],
    ])
  },
}

export const batchNormBackward: Lowering<Ops['batchNormBackward']> = {
  lower({ x: { src, scale, mean, variance, workspace, diff_dst }, y: { diff_src, diff_scale, diff_shift }, attrs }, k) {
    const { primitive: hint, map } = forward(k, 'training', src, scale, attrs, attrs.fixedStatistics)
    const primitive = k.api.batchNormBackward({
      map,
      epsilon: attrs.epsilon,
      flags: flags(scale, attrs, attrs.fixedStatistics),
      forward: hint,
    })
    k.launch(primitive, [
      [arg.src, map, k.prepared(src, map)],
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.diffDst, map, k.prepared(diff_dst, map)],
      ...(scale ? [[arg.scale, scale.desc, scale.place] as const] : []),
      ...(workspace ? [k.workspace(workspace, hint)] : []),
      [arg.diffSrc, map, k.delivered(diff_src, map)],
      ...(diff_scale ? [[arg.diffScale, diff_scale.desc, diff_scale.place] as const] : []),
      [arg.diffShift, diff_shift.desc, diff_shift.place],
    ])
  },
}

/**
 * The forward primitive and the layout it works in: channels-last where the library generates code for it, else
 * channels in blocks of 16. (oneDNN 2.6 generates none for channels that are no multiple of the vector length, and its
 * plain loops took ten times as long as the blocked kernel with the reorders around it.)
 */
function forward(
  { api }: Kernels,
  propagation: Propagation,
  src: Operand,
  scale: Operand | undefined,
  attrs: Settings,
  fixedStatistics: boolean,
) {
  const over = (map: Descriptor) =>
    api.batchNorm({ propagation, map, epsilon: attrs.epsilon, flags: flags(scale, attrs, fixedStatistics) })
  const direct = over(src.desc)
  if (direct.implementation.includes('jit')) return { primitive: direct, map: src.desc }
  const map = api.describe(src.shape, src.dtype === 'bf16' ? 'bf16' : 'f32', 'aBcd16b')
  const blocked = over(map)
  return blocked.implementation.includes('jit') ? { primitive: blocked, map } : { primitive: direct, map: src.desc }
}

const flags = (scale: Operand | undefined, { relu }: Settings, fixedStatistics: boolean): BatchNormOptions['flags'] => [
  'useShift',
  ...(scale ? (['useScale'] as const) : []),
  ...(relu ? (['fuseNormRelu'] as const) : []),
  ...(fixedStatistics ? (['useGlobalStats'] as const) : []),
]

const affine = (scale: Operand | undefined, shift: Operand): Argument[] => [
  ...(scale ? [[arg.scale, scale.desc, scale.place] as const] : []),
  [arg.shift, shift.desc, shift.place],
]
