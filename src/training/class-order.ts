import { UserError } from '../base/error.js'
import type { ImageSet } from '../data/class-folder.js'
import { networkOf } from '../networks/model-spec.js'
import { expectClassifier } from '../networks/networks.js'
import type { Checkpoint } from './checkpoint.js'
import { decodeState } from './checkpoint-state.js'

/**
 * For each class of the images, its place among the checkpoint's. Errors: UserError when a class is not in both, which
 * ends in `advice`, and when the checkpoint's own classes are not whole.
 */
export function classOrder(checkpoint: Checkpoint, { classes, root }: ImageSet, advice: string): number[] {
  const { classNames, model } = decodeState(checkpoint)
  expectClassifier(networkOf(model))
  const places = new Map(classNames.map((name, place) => [name, place]))
  const wanted = new Set(classes)
  const strange = classes.find(name => !places.has(name)) ?? classNames.find(name => !wanted.has(name))
  if (strange !== undefined)
    throw new UserError(
      `checkpoint ${checkpoint.file} is of ${classNames.length} classes and ${root} has ${classes.length}: '${strange}' is not in both; ${advice}`,
    )
  if (classNames.length !== model.classes || places.size !== model.classes)
    throw new UserError(
      `checkpoint ${checkpoint.file} lists ${classNames.length} classes, ${places.size} of them different, and its network has ${model.classes}; use another checkpoint`,
    )
  return classes.map(name => places.get(name)!)
}
