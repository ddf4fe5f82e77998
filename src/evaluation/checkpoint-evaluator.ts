import type { Backend, Precision } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import type { ImageSet } from '../data/class-folder.js'
import type { CacheMemory } from '../data/image-cache.js'
import { averageName } from '../optim/average.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState, restore } from '../training/checkpoint-state.js'
import type { Crops } from './crops.js'
import { Evaluator } from './evaluator.js'

/** Errors: UserError when the checkpoint was trained on other classes than the images have. */
export function expectClasses(checkpoint: Checkpoint, { classes, root }: ImageSet): void {
  const { classNames } = decodeState(checkpoint)
  const strange = classes.find(name => !classNames.includes(name)) ?? classNames.find(name => !classes.includes(name))
  if (strange !== undefined)
    throw new UserError(
      `checkpoint ${checkpoint.file} is of ${classNames.length} classes and ${root} has ${classes.length}: '${strange}' is not in both; evaluate on data of the classes it was trained on`,
    )
}

/**
 * An evaluator of a checkpoint's running averages. Errors: UserError when the checkpoint is of other classes than the
 * images, or lacks tensors.
 */
export function evaluatorOf(
  checkpoint: Checkpoint,
  {
    backend,
    precision,
    images,
    badImages,
    cache,
    crops,
  }: {
    readonly crops: Crops
    readonly backend: Backend
    readonly precision: Precision
    readonly images: ImageSet
    readonly badImages: 'error' | 'skip'
    readonly cache?: CacheMemory | undefined
  },
): Evaluator {
  expectClasses(checkpoint, images)
  const { model, centralFraction } = decodeState(checkpoint)
  const store = backend.createStore()
  const evaluator = new Evaluator({
    model,
    backend,
    precision,
    store,
    images,
    badImages,
    cache,
    crops,
    centralFraction,
    averages: false,
  })
  const names = new Set(checkpoint.names)
  restore(store, checkpoint, name => (names.has(averageName(name)) ? averageName(name) : name))
  return evaluator
}
