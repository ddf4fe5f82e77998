import type { Store } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { type Shape, sameShape } from '../base/shape.js'
import { type SingleCrop, singleCrops } from '../data/crops/protocol.js'
import { isJsonObject, type JsonObject } from '../formats/json.js'
import { type ModelSpec, parseModelSpec } from '../networks/model-spec.js'
import type { Checkpoint } from './checkpoint.js'

/** What a checkpoint says besides its tensors. */
export interface CheckpointState {
  readonly model: ModelSpec
  readonly classNames: readonly string[]
  /** Of the images that it was trained on, and of their boxes where crops looked at them: see `digestOfSet`. */
  readonly images?: string
  /** The share of each side that evaluation's central crop keeps. */
  readonly centralFraction: number
  /** How evaluation cuts a single crop unless told otherwise. @default 'slim' */
  readonly crop?: SingleCrop
  /** Epochs done, with its fraction. */
  readonly epoch: number
  /** Validation errors of the running averages when it was written, if they had been measured then. */
  readonly errors?: { readonly top1: number; readonly top5: number }
  /** The last look found nothing but zeros before pooling: another one, and the network has died. */
  readonly silent?: boolean
  /** The evaluation after its step could not be done: a run that goes on begins with it. */
  readonly unevaluated?: boolean
  /** Of weights that were trained elsewhere, or that a run began with: the file, its SHA-256, and whose they are. */
  readonly source?: { readonly file: string; readonly sha256: string; readonly from: string }
}

/** The state as it is saved. `network` and `classes` stand outside the model too: `expectNetwork` reads them. */
export const encodeState = (state: CheckpointState): object => ({
  network: state.model.network,
  classes: state.model.classes,
  ...state,
})

/** Errors: UserError when the state is not one of ours. */
export function decodeState({ file, state }: Pick<Checkpoint, 'file' | 'state'>): CheckpointState {
  const where = `checkpoint ${file}`
  const { classNames, centralFraction, crop, epoch, images, errors, silent, unevaluated, source } = state
  if (!Array.isArray(classNames) || !classNames.every(name => typeof name === 'string'))
    throw new UserError(`${where}: no class names; use another checkpoint`)
  if (typeof centralFraction !== 'number' || typeof epoch !== 'number')
    throw new UserError(`${where}: no preprocessing or epoch; use another checkpoint`)
  const known = singleCrops.find(name => name === crop)
  if (crop !== undefined && known === undefined)
    throw new UserError(`${where}: a crop that this program does not know; use the program that wrote it`)
  const measured = isJsonObject(errors) ? errorsOf(errors) : undefined
  const origin = isJsonObject(source) ? sourceOf(source) : undefined
  return {
    model: parseModelSpec(state.model, where),
    classNames: classNames as string[],
    ...(typeof images === 'string' && { images }),
    centralFraction,
    ...(known && { crop: known }),
    epoch,
    ...(measured && { errors: measured }),
    ...(silent === true && { silent }),
    ...(unevaluated === true && { unevaluated }),
    ...(origin && { source: origin }),
  }
}

const errorsOf = ({ top1, top5 }: JsonObject) =>
  typeof top1 === 'number' && typeof top5 === 'number' ? { top1, top5 } : undefined

const sourceOf = ({ file, sha256, from }: JsonObject) =>
  typeof file === 'string' && typeof sha256 === 'string' && typeof from === 'string'
    ? { file, sha256, from }
    : undefined

/** All variables of a store as tensors to be saved, by name: programs over a store may come to it in any order. */
export function* storeTensors(store: Store) {
  const byName = [...store.variables.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { name, shape } of byName) {
    yield {
      name,
      dtype: 'F32' as const,
      shape,
      bytes() {
        // A copy, because the store's memory is shared between threads and hashing wants its own.
        return new Uint8Array(Float32Array.from(store.data(name)).buffer)
      },
    }
  }
}

/**
 * Fills the store's variables from a checkpoint. `rename` gives the checkpoint's name for a variable.
 * Errors: UserError naming the first variable that the checkpoint lacks or has in another shape.
 */
export function restore(store: Store, checkpoint: Checkpoint, rename: (name: string) => string = name => name): void {
  for (const { name, shape } of store.variables.values()) {
    const theirs = rename(name)
    expectTensor(checkpoint, theirs, shape)
    const { buffer, byteOffset, byteLength } = store.data(name)
    checkpoint.readInto(theirs, new Uint8Array(buffer, byteOffset, byteLength))
  }
}

/** One tensor of a checkpoint, row-major. Errors: UserError where there is none of this name and shape. */
export function numbersOf(checkpoint: Checkpoint, name: string, shape: Shape): Float32Array {
  expectTensor(checkpoint, name, shape)
  return new Float32Array(checkpoint.tensor(name).bytes.buffer)
}

function expectTensor(checkpoint: Checkpoint, name: string, shape: Shape): void {
  if (!checkpoint.has(name))
    throw new UserError(`checkpoint ${checkpoint.file} has no tensor '${name}'; use one of this network and optimiser`)
  const tensor = checkpoint.info(name)
  if (tensor.dtype !== 'F32' || !sameShape(tensor.shape, shape))
    throw new UserError(
      `checkpoint ${checkpoint.file}: '${name}' is ${tensor.dtype} ${tensor.shape.join('×')}, the network wants F32 ${shape.join('×')}`,
    )
}
