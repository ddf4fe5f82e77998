import type { Command } from 'commander'
import { UserError } from '../../../base/error.js'
import {
  type Augmentation,
  plainAugmentation,
  requireAugmentation,
  type Style,
  styles,
} from '../../../data/augmentation.js'
import { eraseModes } from '../../../data/erase.js'
import { resizeMethods } from '../../../data/resize-methods.js'
import type { Recipe } from '../../../training/recipe.js'
import { oneOf, realNumber } from '../../arguments.js'
import { boxesOption } from '../../engine-options.js'

export interface AugmentationFlags extends Partial<Omit<Augmentation, 'style'>> {
  augment: Style
  boxes?: string
}

const resizes = [...resizeMethods, 'random'] as const

/** What can be done to an image by itself; {@link addMixingOptions} has the rest. */
export const addAugmentationOptions = (command: Command): Command =>
  command
    .option(
      '--augment <style>',
      'crop, resize and flip of slim or timm',
      oneOf('style', Object.keys(styles) as Style[]),
      'slim',
    )
    .addOption(boxesOption())
    .option(
      '--resize <method>',
      `${resizes.join(', ')} (default: bilinear, with timm random)`,
      oneOf('method', resizes),
    )
    .option('--jitter <amount>', "timm's colours (default: 0.4 with timm, but 0 with RandAugment)", realNumber(0, 1))
    .option(
      '--rand-augment <policy>',
      "as timm writes it: rand-m9-mstd0.5; in the colours' place unless these are given",
    )
    .option('--erase <share>', 'of the images in which a random rectangle is erased', realNumber(0, 1))
    .option(
      '--erase-mode <mode>',
      'what stands there: pixel (noise, the default), rand, const',
      oneOf('mode', eraseModes),
    )

export const addMixingOptions = (command: Command): Command =>
  command
    .option('--mixup <alpha>', 'mix pairs of images, by a share from Beta(α, α); 0 for none', realNumber(0))
    .option('--cutmix <alpha>', 'put a box of one image into another, likewise; 0 for none', realNumber(0))

/**
 * The colours and the augmentation that the options describe; `colour` is what the command was given, if it was.
 * Errors: UserError when they contradict each other.
 */
export function augmentationOf(
  { augment: style, ...flags }: AugmentationFlags,
  given: Recipe['colour'] | undefined,
): Pick<Recipe, 'augmentation'> & Partial<Pick<Recipe, 'colour'>> {
  if (flags.eraseMode !== undefined && !flags.erase)
    throw new UserError('--erase-mode is for erasing: say in how many images (--erase)', 2)
  // Given empty it is a slip, of a script for example, and none is meant by leaving it out.
  if (flags.randAugment === '') throw new UserError('--rand-augment is empty: write it like rand-m9-mstd0.5', 2)
  const isPlain = style === 'slim' && flags.randAugment === undefined
  const augmentation: Augmentation = {
    style,
    resize: flags.resize ?? styles[style].resizes[0]!,
    jitter: flags.jitter ?? (flags.randAugment === undefined ? styles[style].jitter : 0),
    randAugment: flags.randAugment ?? '',
    erase: flags.erase ?? 0,
    eraseMode: flags.eraseMode ?? plainAugmentation.eraseMode,
    mixup: flags.mixup ?? 0,
    cutmix: flags.cutmix ?? 0,
  }
  const colour = given ?? (isPlain ? undefined : 'none')
  requireAugmentation(augmentation, colour ?? 'fast')
  const keys = Object.keys(plainAugmentation) as (keyof Augmentation)[]
  return {
    ...(colour && { colour }),
    ...(keys.some(key => augmentation[key] !== plainAugmentation[key]) && { augmentation }),
  }
}
