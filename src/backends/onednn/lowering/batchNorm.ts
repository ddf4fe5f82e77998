import type { Ops } from '../../../graph/ops.js'
import { arg, normFlag, prop } from '../constants.js'
import type { Argument, Kernels, Lowering, Operand } from '../kernels.js'

interface Settings {
  readonly epsilon: number
  readonly relu: boolean
}

export const batchNorm: Lowering<Ops['batchNorm']> = {
  lower({ x: { src, scale, shift }, y: { dst, mean, variance, workspace }, attrs }, k) {
    const primitive = forward(k, prop.forwardTraining, src, scale, attrs, 0)
    k.launch(primitive, [
      ...affine(src, scale, shift),
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.dst, dst.desc, dst.place],
      ...(workspace ? [k.workspace(workspace, primitive)] : []),
    ])
  },
}

export const batchNormInference: Lowering<Ops['batchNormInference']> = {
  lower({ x: { src, scale, shift, mean, variance }, y: { dst }, attrs }, k) {
    k.launch(forward(k, prop.forwardInference, src, scale, attrs, normFlag.useGlobalStats), [
      ...affine(src, scale, shift),
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const batchNormBackward: Lowering<Ops['batchNormBackward']> = {
  lower({ x: { src, scale, mean, variance, workspace, diff_dst }, y: { diff_src, diff_scale, diff_shift }, attrs }, k) {
    const { engine } = k
    const fixed = attrs.fixedStatistics ? normFlag.useGlobalStats : 0
    const hint = forward(k, prop.forwardTraining, src, scale, attrs, fixed)
    const primitive = engine.primitive(
      'batch norm backward',
      operation =>
        engine.library.dnnl_batch_normalization_backward_desc_init(
          operation, prop.backward, diff_src.desc, src.desc, attrs.epsilon, flags(scale, attrs) | fixed,
        ),
      { hint },
    )
    k.launch(primitive, [
      [arg.src, src.desc, src.place],
      [arg.mean, mean.desc, mean.place],
      [arg.variance, variance.desc, variance.place],
      [arg.diffDst, diff_dst.desc, diff_dst.place],
      ...(scale ? [[arg.scale, scale.desc, scale.place] as const] : []),
      // Counted among the inputs though no formula reads it; the library only checks that something is there.
      [arg.shift, mean.desc, mean.place],
      ...(workspace ? [k.workspace(workspace, hint)] : []),
      [arg.diffSrc, diff_src.desc, diff_src.place],
      ...(diff_scale ? [[arg.diffScale, diff_scale.desc, diff_scale.place] as const] : []),
      [arg.diffShift, diff_shift.desc, diff_shift.place],
    ])
  },
}

function forward({ engine }: Kernels, kind: number, src: Operand, scale: Operand | undefined, attrs: Settings, extra: number) {
  return engine.primitive('batch norm', operation =>
    engine.library.dnnl_batch_normalization_forward_desc_init(
      operation, kind, src.desc, attrs.epsilon, flags(scale, attrs) | extra,
    ),
  )
}

const flags = (scale: Operand | undefined, { relu }: Settings) =>
  normFlag.useShift | (scale ? normFlag.useScale : 0) | (relu ? normFlag.fuseNormRelu : 0)

const affine = (src: Operand, scale: Operand | undefined, shift: Operand): Argument[] => [
  [arg.src, src.desc, src.place],
  ...(scale ? [[arg.scale, scale.desc, scale.place] as const] : []),
  [arg.shift, shift.desc, shift.place],
]
