import { UserError } from '../base/error.js'
import type { ColourDistortion } from './colour.js'
import { type EraseMode, eraseModes } from './erase.js'
import { parseRandAugment } from './rand-augment.js'
import { resizeMethods, type SlimResize } from './resize-methods.js'

/** How images of training are distorted besides Slim's colours. */
export interface Augmentation {
  /** Whose crop, resize and flip: TF-Slim's with its colours, or timm's with its jitter. */
  readonly style: Style
  /** TensorFlow's methods in Slim's style, Pillow's filters in timm's; `random` draws one for each image. */
  readonly resize: SlimResize
  /** timm's colour jitter: brightness, contrast and saturation by up to so much of themselves; 0 for none. */
  readonly jitter: number
  /** RandAugment as timm writes it, such as rand-m9-mstd0.5; empty for none. */
  readonly randAugment: string
  /** The share of images in which a rectangle is erased. */
  readonly erase: number
  readonly eraseMode: EraseMode
  /** α of mixup's Beta(α, α); 0 for none. */
  readonly mixup: number
  /** α of CutMix's Beta(α, α); 0 for none. With both, a batch gets either with probability ½. */
  readonly cutmix: number
}

export type Style = 'slim' | 'timm'

interface StyleTraits {
  /** The first is the default. */
  readonly resizes: readonly SlimResize[]
  /** By default, where RandAugment does not take its place. */
  readonly jitter: number
}

export const styles: { readonly [S in Style]: StyleTraits } = {
  slim: { resizes: [...resizeMethods, 'random'], jitter: 0 },
  timm: { resizes: ['random', 'bilinear', 'bicubic'], jitter: 0.4 },
}

/** TF-Slim's bilinear resizing, and nothing besides its crop, flip and colours. */
export const plainAugmentation: Augmentation = {
  style: 'slim',
  resize: 'bilinear',
  jitter: 0,
  randAugment: '',
  erase: 0,
  eraseMode: 'pixel',
  mixup: 0,
  cutmix: 0,
}

/** Of Beta(α, α): below it is 0 or 1, above it ½, and nothing else. */
const alphas = [0.001, 1000] as const

/** Whether images of a batch are mixed, so that an image has two labels. */
export const mixes = ({ mixup, cutmix }: Augmentation = plainAugmentation): boolean => mixup > 0 || cutmix > 0

/** @throws {UserError} for what cannot be, or contradicts itself */
export function requireAugmentation(augmentation: Augmentation, colour: ColourDistortion): void {
  const { style, resize, jitter, erase, eraseMode, mixup, cutmix } = augmentation
  const wrong = (what: string): never => {
    throw new UserError(what, 2)
  }
  if (!Object.hasOwn(styles, style)) wrong(`there is no augmentation '${style}': choose slim or timm`)
  const { resizes } = styles[style]
  if (!resizes.includes(resize)) wrong(`${style} does not resize by '${resize}': choose ${resizes.join(', ')}`)
  if (!eraseModes.includes(eraseMode)) wrong(`nothing is erased by '${eraseMode}': choose ${eraseModes.join(', ')}`)
  if (style === 'timm' && colour !== 'none')
    wrong(`timm's colours are a jitter, and '${colour}' colours are Slim's: leave them out, or take the style slim`)
  if (style === 'slim' && jitter !== 0)
    wrong("the jitter of colours is timm's: take the style timm, or one of Slim's colours")
  for (const [name, value] of [
    ['the jitter', jitter],
    ['the share of images to erase in', erase],
  ] as const)
    if (!(value >= 0 && value <= 1)) wrong(`${name} must lie in [0, 1], not ${value}`)
  for (const [name, value] of Object.entries({ mixup, cutmix }))
    if (value !== 0 && !(value >= alphas[0] && value <= alphas[1]))
      wrong(`the α of ${name} must be 0, for none, or lie in [${alphas.join(', ')}], not ${value}`)
  if (augmentation.randAugment !== '') parseRandAugment(augmentation.randAugment)
}
