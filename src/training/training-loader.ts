import { type BoxSource, openBoxes } from '../data/box-source.js'
import type { ImageSet } from '../data/class-folder.js'
import { Loader } from '../data/loader.js'
import type { LoaderOptions, Shard } from '../data/loader-options.js'
import type { ModelSpec } from '../networks/model-spec.js'
import type { Recipe } from './recipe.js'
import { localBatch } from './replicas/share.js'

/** What decides which images a run sees, and how they are distorted. */
export interface TrainingImages {
  readonly model: ModelSpec
  readonly recipe: Recipe
  readonly images: ImageSet
  readonly badImages: LoaderOptions['badImages']
  /** Where objects lie in the images, for Slim's crops. @default not known */
  readonly boxes?: BoxSource | undefined
}

/** The loader of one replica's share of a run's batches. Errors: UserError, as `Loader` and `openBoxes` throw it. */
export async function trainingLoader(
  { model, recipe, images, badImages, boxes: source = 'none' }: TrainingImages,
  shard: Shard,
  options: Pick<LoaderOptions, 'workers' | 'cache' | 'cacheBytes' | 'signal'> = {},
): Promise<Loader> {
  const { augmentation, scaledDecoding, colour, seed } = recipe
  const boxes = await openBoxes(source, images)
  return new Loader(images, {
    batch: localBatch(recipe.batch, shard.of),
    shard,
    preprocessing: {
      ...{ kind: 'train', size: model.size, colour },
      ...(augmentation && { augmentation }),
      ...(scaledDecoding && { scaledDecoding }),
    },
    ...{ seed, badImages },
    ...(boxes && { boxes }),
    ...options,
  })
}
