import { UserError } from '../base/error.js'
import type { ImageSet } from '../data/class-folder.js'
import { networkOf } from '../networks/model-spec.js'
import { expectClassifier } from '../networks/networks.js'
import { averageName } from '../optim/average.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState, restore } from '../training/checkpoint-state.js'
import { declareNetwork } from './compiled-network.js'
import { Evaluator, type EvaluatorOptions } from './evaluator.js'

/** Errors: UserError when the checkpoint was trained on other classes than the images have. */
export function expectClasses(checkpoint: Checkpoint, images: ImageSet): void {
  classOrder(checkpoint, images)
}

/** For each class of the images, its place among the checkpoint's. */
function classOrder(checkpoint: Checkpoint, { classes, root }: ImageSet): number[] {
  const { classNames, model } = decodeState(checkpoint)
  expectClassifier(networkOf(model))
  const places = new Map(classNames.map((name, place) => [name, place]))
  const strange = classes.find(name => !places.has(name)) ?? classNames.find(name => !classes.includes(name))
  if (strange !== undefined)
    throw new UserError(
      `checkpoint ${checkpoint.file} is of ${classNames.length} classes and ${root} has ${classes.length}: '${strange}' is not in both; evaluate on data of the classes it was trained on`,
    )
  if (classNames.length !== model.classes || places.size !== model.classes)
    throw new UserError(
      `checkpoint ${checkpoint.file} lists ${classNames.length} classes, ${places.size} of them different, and its network has ${model.classes}; use another checkpoint`,
    )
  return classes.map(name => places.get(name)!)
}

/**
 * An evaluator of a checkpoint's running averages, over a store of its own. Errors: UserError when the checkpoint is of
 * other classes than the images, or lacks tensors.
 */
export function evaluatorOf(
  checkpoint: Checkpoint,
  options: Omit<EvaluatorOptions, 'model' | 'store' | 'averages' | 'classOrder' | 'ownsStore'>,
): Evaluator {
  const order = classOrder(checkpoint, options.images)
  const { model, centralFraction } = decodeState(checkpoint)
  const store = options.backend.createStore()
  try {
    declareNetwork({ model, store, averages: false, extent: { width: model.size, height: model.size } })
    const names = new Set(checkpoint.names)
    restore(store, checkpoint, name => (names.has(averageName(name)) ? averageName(name) : name))
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
