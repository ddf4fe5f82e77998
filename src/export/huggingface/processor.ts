import type { SingleCrop } from '../../data/crops/protocol.js'
import type { Filter } from '../../data/resample.js'
import type { Preprocessing } from '../../nn/network.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import { normalisationOf } from '../normalisation.js'

/** A single crop in the terms of other libraries: resize the short side, cut the central square out. */
export interface CentreCrop {
  /** Pixels that the short side is made. */
  readonly short: number
  /** timm's `crop_pct`, which makes the short side ⌊size / share⌋. */
  readonly share: number
  readonly filter: Filter
  /** Where this is not what the checkpoint was evaluated with: what that was. */
  readonly departure?: string
}

const centreCrops: Readonly<Record<SingleCrop, (size: number, fraction: number) => CentreCrop>> = {
  timm: (size, fraction) => ({ short: Math.floor(size / fraction), share: fraction, filter: 'bicubic' }),
  torchvision: roundedShort,
  vgg: (size, fraction) => ({
    ...roundedShort(size, fraction),
    departure: `the short side made ${Math.round(size / fraction)} by bilinear interpolation that does not smooth, as TF-Slim does, and its central square`,
  }),
  slim: (size, fraction) => ({
    short: Math.floor(size / fraction),
    share: fraction,
    filter: 'bicubic',
    departure: `the central ${100 * fraction} % of each side, made square without regard to its aspect by bilinear interpolation that does not smooth, as TF-Slim does`,
  }),
}

function roundedShort(size: number, fraction: number): CentreCrop {
  const short = Math.round(size / fraction)
  return { short, share: shareFor(size, short), filter: 'bilinear' }
}

/** The share that makes the short side `short`: rounded down, which keeps the quotient above that whole number. */
const shareFor = (size: number, short: number): number => Math.floor((1e4 * size) / short) / 1e4

/** The crop that a checkpoint is evaluated with, or the nearest one that other libraries can be told. */
export const centreCropOf = ({ model, crop = 'slim', centralFraction }: CheckpointState): CentreCrop =>
  centreCrops[crop](model.size, centralFraction)

/** Without the last bits of what 255 does not divide: 0.485, not 0.48500000000000004. */
export function channelScale(preprocessing: Preprocessing): { readonly mean: number[]; readonly std: number[] } {
  const { mean, std } = normalisationOf(preprocessing)
  const rounded = (values: readonly number[]) => values.map(value => Number(value.toPrecision(7)))
  return { mean: rounded(mean), std: rounded(std) }
}

/** Pillow's numbers of its filters, which transformers' files use. */
const pillowFilter: Readonly<Record<Filter, number>> = { bilinear: 2, bicubic: 3 }

/** What `preprocessor_config.json` holds: transformers' ViTImageProcessor, whose terms cover every network here. */
export function processorConfig(state: CheckpointState, preprocessing: Preprocessing): object {
  const { size } = state.model
  const { short, filter } = centreCropOf(state)
  const { mean, std } = channelScale(preprocessing)
  return {
    image_processor_type: 'ViTImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: short },
    resample: pillowFilter[filter],
    do_center_crop: true,
    crop_size: { width: size, height: size },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  }
}
