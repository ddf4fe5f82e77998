import { UserError } from '../base/error.js'
import type { CheckpointState } from '../training/checkpoint-state.js'

/** Errors: `UserError` where not every output of the network is a class with a name, as with embeddings. */
export function expectNamedClasses({ model, classNames }: CheckpointState, file: string): void {
  if (classNames.length !== model.classes)
    throw new UserError(
      `${file} names ${classNames.length} classes, and its network has ${model.classes} outputs: export it to onnx, which needs no names`,
    )
}
