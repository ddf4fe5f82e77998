import type { Ops } from '../../../graph/ops.js'
import { arg, normFlag, prop } from '../constants.js'
import type { Descriptor } from '../engine.js'
import type { Argument, Kernels, Lowering, Operand } from '../kernels.js'

interface Settings {
  readonly epsilon: number
  readonly relu: boolean
}

export const batchNorm: Lowering<Ops['batchNorm']> = {
  lower({ x: { src, scale, shift }, y: { dst, mean, variance, workspace }, attrs }, k) {
    const { primitive, map } = forward(k, prop.forwardTraining, src, scale, attrs, 0)
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
    const { primitive, map } = forward(k, prop.forwardInference, src, scale, attrs, normFlag.useGlobalStats)
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
    const { engine } = k
    const fixed = attrs.fixedStatistics ? normFlag.useGlobalStats : 0
    const { primitive: hint, map } = forward(k, prop.forwardTraining, src, scale, attrs, fixed)
    const primitive = engine.primitive(
      'batch norm backward',
      operation =>
        engine.library.dnnl_batch_normalization_backward_desc_init(
          operation,
          prop.backward,
          map,
          map,
          attrs.epsilon,
          flags(scale, attrs) | fixed,
        ),
      { hint },
    )
    k.launch(primitive, [
      [arg.src, map, k.prepared(src, map)],
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.diffDst, map, k.prepared(diff_dst, map)],
      // The shift is counted among the inputs though no formula reads it; the library only checks that something is there.
      ...affine(scale, mean),
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
function forward(k: Kernels, kind: number, src: Operand, scale: Operand | undefined, attrs: Settings, extra: number) {
  const { engine } = k
  const over = (map: Descriptor) =>
    engine.primitive('batch norm', operation =>
      engine.library.dnnl_batch_normalization_forward_desc_init(
        operation,
        kind,
        map,
        attrs.epsilon,
        flags(scale, attrs) | extra,
      ),
    )
  const direct = over(src.desc)
  if (direct.implementation.includes('jit')) return { primitive: direct, map: src.desc }
  const map = engine.describe(src.shape, src.dtype === 'bf16' ? 'bf16' : 'f32', 'aBcd16b')
  const blocked = over(map)
  return blocked.implementation.includes('jit') ? { primitive: blocked, map } : { primitive: direct, map: src.desc }
}

const flags = (scale: Operand | undefined, { relu }: Settings) =>
  normFlag.useShift | (scale ? normFlag.useScale : 0) | (relu ? normFlag.fuseNormRelu : 0)

const affine = (scale: Operand | undefined, shift: Operand): Argument[] => [
  ...(scale ? [[arg.scale, scale.desc, scale.place] as const] : []),
  [arg.shift, shift.desc, shift.place],
]
