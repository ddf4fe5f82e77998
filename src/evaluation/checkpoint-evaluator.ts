import type { ImageSet } from '../data/class-folder.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState } from '../training/checkpoint-state.js'
import { classOrder } from '../training/class-order.js'
import { averagesOf } from './checkpoint-averages.js'
import { Evaluator, type EvaluatorOptions } from './evaluator.js'

/** Errors: UserError when the checkpoint was trained on other classes than the images have. */
export function expectClasses(checkpoint: Checkpoint, images: ImageSet): void {
  classOrder(checkpoint, images, advice)
}

const advice = 'evaluate on data of the classes it was trained on'

/**
 * An evaluator of a checkpoint's running averages, over a store of its own. Errors: UserError when the checkpoint is of
 * other classes than the images, or lacks tensors.
 */
export function evaluatorOf(
  checkpoint: Checkpoint,
  options: Omit<EvaluatorOptions, 'model' | 'store' | 'averages' | 'classOrder' | 'ownsStore'>,
): Evaluator {
  const order = classOrder(checkpoint, options.images, advice)
  const { model, centralFraction } = decodeState(checkpoint)
  const store = averagesOf(checkpoint, options.backend)
  try {
    return new Evaluator({
      ...options,
      ...{ model, store, averages: false, ownsStore: true },
      fraction: options.fraction ?? centralFraction,
      classOrder: order.every((place, i) => place === i) ? undefined : order,
    })
  } catch (error) {
    store[Symbol.dispose]()
    throw error
  }
}
