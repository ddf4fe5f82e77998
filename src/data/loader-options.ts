import { UserError } from '../base/error.js'
import { usableCores } from '../base/threads.js'
import { BoxList, type BoxMemory } from './box-list.js'
import type { ImageSet } from './class-folder.js'
import { type CacheMemory, ImageCache } from './image-cache.js'
import { inputExtent, type Preprocessing, requirePreprocessing } from './preprocessing.js'
import { Slot, type SlotShape } from './slot.js'

export interface LoaderOptions {
  /** Samples a batch: images in training, views of images in a pass. */
  readonly batch: number
  readonly preprocessing: Preprocessing
  /**
   * Which of several processes this is, each of which takes its part of every step: together they train on the same
   * `of` · `batch` samples as one process with that batch would. Other processes are not spoken to. @default the only one
   */
  readonly shard?: Shard
  /** Decides order and augmentation, with the epoch and the image's number and nothing else. */
  readonly seed: number
  /** Processes. Any number gives the same batches. @default half of the cores it may use, at least 1 and at most 2 */
  readonly workers?: number
  /** Batches made ahead of the one in use. @default 3 */
  readonly prefetch?: number
  /**
   * What to do about an image that cannot be decoded. `error` stops and names it. `skip` lists it in `Loader.bad`;
   * in training the next good image of the epoch's order stands in for it, in evaluation it is left out.
   */
  readonly badImages: 'error' | 'skip'
  /** Where objects lie in the images of training, from `readBoxes`: Slim's crops show a tenth of one. @default not known */
  readonly boxes?: BoxMemory
  /** An image that keeps a process busy for longer, twice, is bad. @default 60 */
  readonly secondsAnImage?: number
  /** Whether the set is only a part of one, so that all of its images may be bad. @default false */
  readonly partial?: boolean
  /** Memory for decoded images, so that later epochs need not decode. Speed only. @default 512 MiB */
  readonly cacheBytes?: number
  /** A cache from `ImageCache.reserve` instead, which several loaders of the same set can share. */
  readonly cache?: CacheMemory
  /** Aborting ends the processes; whoever waits for a batch gets the signal's reason. */
  readonly signal?: AbortSignal
}

const defaultPrefetch = 3

/** What a loader's batches take: those made ahead, and the one in use. */
export function batchesBytes({
  batch,
  preprocessing,
  prefetch = defaultPrefetch,
}: Pick<LoaderOptions, 'batch' | 'preprocessing' | 'prefetch'>): number {
  return (prefetch + 1) * Slot.bytes(slotShape({ batch, preprocessing }))
}

export function slotShape({ batch, preprocessing }: Pick<LoaderOptions, 'batch' | 'preprocessing'>): SlotShape {
  const { width, height } = inputExtent(preprocessing)
  return { batch, sampleLength: width * height * 3 }
}

/** Part `index`, counted from 0, of `of` equal parts. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/**
 * The options with their defaults.
 *
 * @throws {UserError} if one is out of range, or two contradict each other
 */
export function resolveOptions(set: ImageSet, options: LoaderOptions) {
  const { workers = Math.max(1, Math.min(2, Math.floor(usableCores() / 2))), shard = { index: 0, of: 1 } } = options
  const { prefetch = defaultPrefetch, cacheBytes = 512 * 2 ** 20, secondsAnImage = 60 } = options
  const resolved = { ...options, workers, shard, prefetch, cacheBytes, secondsAnImage }
  const { batch, preprocessing, boxes, cache } = options
  for (const [name, least] of [
    ['batch', 1],
    ['workers', 1],
    ['prefetch', 1],
    ['seed', 0],
    ['cacheBytes', 0],
  ] as const)
    if (!Number.isSafeInteger(resolved[name]) || resolved[name] < least)
      throw new UserError(`${name} must be a whole number, at least ${least}, not ${resolved[name]}`, 2)
  if (!(secondsAnImage > 0)) throw new UserError(`secondsAnImage must be above 0, not ${secondsAnImage}`, 2)
  if (![shard.of, shard.index].every(Number.isSafeInteger) || shard.index < 0 || shard.index >= shard.of)
    throw new UserError(`there is no part ${shard.index} of ${shard.of}: parts are counted from 0`, 2)
  requirePreprocessing(preprocessing)
  if (set.items.length === 0) throw new UserError(`${set.root} has no images`)
  if (cache !== undefined && !ImageCache.fits(cache, set.items.length))
    throw new RangeError('the cache was reserved for another number of images')
  if (boxes !== undefined && new BoxList(boxes).length !== set.items.length)
    throw new RangeError('the boxes are those of another number of images')
  const augmentation = preprocessing.kind === 'train' ? preprocessing.augmentation : undefined
  if (boxes !== undefined && augmentation?.style === 'timm')
    throw new UserError("boxes are for Slim's crops, and timm's look at no objects: leave the boxes out", 2)
  if (shard.of > 1 && batch % 2 === 1 && augmentation && (augmentation.mixup > 0 || augmentation.cutmix > 0))
    throw new UserError(
      `mixup and CutMix mix images in pairs, and each of ${shard.of} processes has ${batch} of a step: choose a batch that gives each an even number, or leave them out`,
      2,
    )
  return resolved
}
