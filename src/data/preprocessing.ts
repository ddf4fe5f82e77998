import { UserError } from '../base/error.js'
import { type Augmentation, requireAugmentation } from './augmentation.js'
import type { ColourDistortion } from './colour.js'
import { cropProtocols } from './crops/crops.js'
import type { CropName, CropOptions, Extent } from './crops/protocol.js'

/** A distortion to `size` × `size`; networks trained on ImageNet had `fast` colours. */
export interface TrainPreprocessing {
  readonly kind: 'train'
  readonly size: number
  /** Of TF-Slim; `none` where the augmentation is in timm's style. */
  readonly colour: ColourDistortion
  /** @default TF-Slim's bilinear resizing, and nothing else */
  readonly augmentation?: Augmentation
  /**
   * Whether pictures whose shorter side is at least four times `size` are decoded at a half, a quarter or an eighth of
   * their width and height, at least twice `size` being left. @default false
   */
  readonly scaledDecoding?: boolean
}

/** The views of a protocol, each of `size` × `size`. */
export interface CropPreprocessing extends CropOptions {
  readonly kind: 'views'
  readonly crops: CropName
  readonly size: number
}

/** The whole image made `width` × `height` (bicubic, its aspect not looked at), as it is and mirrored. */
export interface WholePreprocessing {
  readonly kind: 'whole'
  readonly width: number
  readonly height: number
}

/** An image of `size` × `size` as it is; one of any other size is bad. */
export interface ExactPreprocessing {
  readonly kind: 'exact'
  readonly size: number
}

/** How an image becomes a network's inputs. */
export type Preprocessing = TrainPreprocessing | ViewPreprocessing
export type ViewPreprocessing = CropPreprocessing | WholePreprocessing | ExactPreprocessing

/** Width and height of a network's input. */
export const inputExtent = (preprocessing: Preprocessing): Extent =>
  preprocessing.kind === 'whole' ? preprocessing : { width: preprocessing.size, height: preprocessing.size }

/** Down to which shorter side a picture may be decoded smaller; undefined where every pixel counts. */
export const leastDecodedSide = (preprocessing: Preprocessing): number | undefined =>
  preprocessing.kind === 'train' && preprocessing.scaledDecoding ? 2 * preprocessing.size : undefined

/** How many inputs an image becomes. */
export function viewCount(preprocessing: Preprocessing): number {
  switch (preprocessing.kind) {
    case 'train':
    case 'exact':
      return 1
    case 'whole':
      return 2
    case 'views':
      return cropProtocols[preprocessing.crops].count
  }
}

/** How many neighbouring views are cut from one resized image, so that they are best cut by one worker. */
export const viewsTogether = (preprocessing: Preprocessing): number =>
  viewCount(preprocessing) / (preprocessing.kind === 'views' ? cropProtocols[preprocessing.crops].scales : 1)

/** Below this share of a side no single crop makes sense. */
const leastFraction = 0.01

/** @throws {UserError} if a number is out of its range */
export function requirePreprocessing(preprocessing: Preprocessing): void {
  const { width, height } = inputExtent(preprocessing)
  const sides = preprocessing.kind === 'whole' ? { width, height } : { size: width }
  for (const [name, value] of Object.entries(sides))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new UserError(`${name} must be a whole number, at least 1, not ${value}`, 2)
  if (preprocessing.kind === 'train' && preprocessing.augmentation)
    requireAugmentation(preprocessing.augmentation, preprocessing.colour)
  if (preprocessing.kind !== 'views' || preprocessing.fraction === undefined) return
  const { fraction } = preprocessing
  if (!(fraction >= leastFraction && fraction <= 1))
    throw new UserError(`the fraction of a crop must lie in [${leastFraction}, 1], not ${fraction}`, 2)
}
