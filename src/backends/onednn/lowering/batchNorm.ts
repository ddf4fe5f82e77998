import { bytesPerElement } from '../../../base/dtype.js'
import type { Ops } from '../../../graph/ops.js'
import { arg, type BatchNormOptions, type Descriptor, type Propagation } from '../api.js'
import { type Argument, beyond, type Kernels, type Lowering, type Operand } from '../kernels.js'

interface Settings {
  readonly epsilon: number
  readonly relu: boolean
}

interface Norm {
  readonly src: Operand
  readonly scale: Operand | undefined
  readonly shift: Operand
  readonly mean: Operand
  readonly variance: Operand
}

interface Normalised {
  readonly dst: Operand
  readonly workspace?: Operand | undefined
}

export const batchNorm: Lowering<Ops['batchNorm']> = {
  lower: ({ x, y, attrs }, k) => normalise(k, 'training', { ...x, ...y }, y, attrs, false),
}

export const batchNormInference: Lowering<Ops['batchNormInference']> = {
  lower: ({ x, y, attrs }, k) => normalise(k, 'inference', x, y, attrs, true),
}

export const batchNormGlobal: Lowering<Ops['batchNormGlobal']> = {
  lower: ({ x, y, attrs }, k) => normalise(k, 'training', x, y, attrs, true),
}

/**
 * The library gives moments only with a normalised map, which goes to scratch that all groups share. Images lie one after
 * another in every layout, so a group is a smaller map that begins further on.
 */
export const channelMoments: Lowering<Ops['channelMoments']> = {
  lower({ x: { src }, y: { dst }, attrs: { groups } }, k) {
    const { api } = k
    const [images, channels, ...plane] = src.shape as [number, number, number, number]
    const shape = [images / groups, channels, ...plane]
    const group = { ...src, shape, desc: api.part(src.desc, shape, [0, 0, 0, 0]) }
    const { primitive, map } = forward(k, 'training', group, 1, [])
    const place = map === group.desc ? src.place : k.prepared(src, blocked(k, src))
    const unread = k.scratch(map)
    const row = api.describe([channels], 'f32', 'a')
    const rowBytes = channels * bytesPerElement('f32')
    for (let g = 0; g < groups; g++)
      k.launch(primitive, [
        [arg.src, map, beyond(place, g * api.bytes(map))],
        [arg.mean, row, beyond(dst.place, 2 * g * rowBytes)],
        [arg.variance, row, beyond(dst.place, (2 * g + 1) * rowBytes)],
        [arg.dst, map, unread],
      ])
  },
}

export const batchNormBackward: Lowering<Ops['batchNormBackward']> = {
  lower({ x: { src, scale, mean, variance, workspace, diff_dst }, y: { diff_src, diff_scale, diff_shift }, attrs }, k) {
    const options = flags(scale, attrs, attrs.fixedStatistics)
    const { primitive: hint, map } = forward(k, 'training', src, attrs.epsilon, options)
    const primitive = k.api.batchNormBackward({ map, epsilon: attrs.epsilon, flags: options, forward: hint })
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

/** The statistics are the library's to write, or, where they are fixed, to read. */
function normalise(
  k: Kernels,
  propagation: Propagation,
  { src, scale, shift, mean, variance }: Norm,
  { dst, workspace }: Normalised,
  attrs: Settings,
  fixedStatistics: boolean,
) {
  const { primitive, map } = forward(k, propagation, src, attrs.epsilon, flags(scale, attrs, fixedStatistics))
  k.launch(primitive, [
    [arg.src, map, k.prepared(src, map)],
    ...affine(scale, shift),
    [arg.mean, mean.desc, mean.place],
    [arg.variance, variance.desc, variance.place],
    [arg.dst, map, k.delivered(dst, map)],
    ...(workspace ? [k.workspace(workspace, primitive)] : []),
  ])
}

/**
 * The forward primitive and the layout it works in: channels-last where the library generates code for it, else
 * channels in blocks of 16. (oneDNN 2.6 generates none for channels that are no multiple of the vector length, and its
 * plain loops took ten times as long as the blocked kernel with the reorders around it.)
 */
function forward(
  k: Kernels,
  propagation: Propagation,
  src: Operand,
  epsilon: number,
  options: BatchNormOptions['flags'],
) {
  const over = (map: Descriptor) => k.api.batchNorm({ propagation, map, epsilon, flags: options })
  const direct = over(src.desc)
  if (direct.implementation.includes('jit')) return { primitive: direct, map: src.desc }
  const map = blocked(k, src)
  const detour = over(map)
  return detour.implementation.includes('jit') ? { primitive: detour, map } : { primitive: direct, map: src.desc }
}

const blocked = ({ api }: Kernels, { shape, dtype }: Operand): Descriptor =>
  api.describe(shape, dtype === 'bf16' ? 'bf16' : 'f32', 'aBcd16b')

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
