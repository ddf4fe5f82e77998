import { existsSync, realpathSync } from 'node:fs'
import { UserError, unknownChoice } from '../base/error.js'
import { type Shape, sameShape, sizeOf } from '../base/shape.js'
import { type TensorSource, writeSafetensors } from '../formats/safetensors.js'
import { changesOf, type ModelSpec } from '../networks/model-spec.js'
import { averageName } from '../optim/average.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState } from '../training/checkpoint-state.js'
import { families } from './families.js'
import { describeFamily, type Family, isScale, type Library, layoutOf } from './family.js'
import { variablesOf } from './variables.js'

export interface Exported {
  /** "timm's inception_v4" */
  readonly names: string
  readonly tensors: number
  readonly auxiliary: boolean
}

export interface ExportOptions {
  /** The auxiliary head too, where the checkpoint holds it. @default true */
  readonly auxiliary?: boolean
}

/**
 * Writes what a checkpoint evaluates with, its running averages where it has them, as a safetensors file under a library's
 * names. Norms without scale get one of 1. Holds one tensor at a time.
 *
 * Errors: `UserError` where the library has no such network, the checkpoint lacks a tensor or has one in another shape,
 * and where the file cannot be written.
 */
export function exportWeights(
  checkpoint: Checkpoint,
  library: Library,
  out: string,
  options: ExportOptions = {},
): Exported {
  if (existsSync(out) && realpathSync(out) === realpathSync(checkpoint.file))
    throw new UserError(`--out ${out} is the checkpoint to export: give another file`, 2)
  const { model } = decodeState(checkpoint)
  const family = familyFor(model, library, checkpoint.file)
  const held = new Set(checkpoint.names)
  const heads = [...(family.auxiliary?.keys() ?? [])]
  const auxiliary = (options.auxiliary ?? true) && heads.some(name => held.has(name))
  const shapes = variablesOf(model.network, model.classes, { auxiliary })
  const tensors = [...family.names, ...(auxiliary ? family.auxiliary! : [])].map(([ours, theirs]): TensorSource => {
    const shape = shapes.get(ours)!
    const source = sourceOf(checkpoint, { ours, theirs, shape, held, scaled: model.normScale })
    // A writable form keeps the order of the numbers, at most in other axes.
    return { ...source, shape: layoutOf(family, ours, shape).there(shape) }
  })
  writeSafetensors(out, tensors, { format: 'pt' })
  return { names: describeFamily(family), tensors: tensors.length, auxiliary }
}

/** Errors: `UserError` where the network is not the published one, which is all that a library can load. */
export function familyFor(model: ModelSpec, library: Library, file: string): Family {
  const family = families.find(
    candidate => candidate.form.writable && candidate.network === model.network && candidate.library === library,
  )
  if (!family) throw cannotWrite(model.network, library)
  const changed = changesOf(model)
  if (changed.length > 0)
    throw new UserError(
      `${file} holds a ${model.network} with ${changed.join(', ')}, which ${describeFamily(family)} has not: export a published one`,
    )
  return family
}

/** Why there are no names of a library in which a network can be written. */
function cannotWrite(network: string, library: Library): UserError {
  const writable = families.filter(({ form }) => form.writable)
  const known = writable.filter(family => family.network === network).map(family => family.library)
  const read = families.find(family => family.network === network && family.library === library)
  if (read) {
    const instead = known.length > 0 ? `choose ${known.join(' or ')}` : `no others of ${network} are known`
    const what = `${describeFamily(read)} are ${read.form.framework}'s`
    return new UserError(`files with the names of ${what}, which are read here and not written: ${instead}`, 2)
  }
  if (known.length > 0) return unknownChoice(`names of ${network}`, library, known)
  const others = [...new Set(writable.map(family => family.network))].join(', ')
  return new UserError(`no library's names are known for ${network}: there are some for ${others}`, 2)
}

interface Wanted {
  readonly ours: string
  readonly theirs: string
  readonly shape: Shape
  readonly held: ReadonlySet<string>
  /** Whether the checkpoint's norms have scales. */
  readonly scaled: boolean
}

function sourceOf(checkpoint: Checkpoint, { ours, theirs, shape, held, scaled }: Wanted): TensorSource {
  const bytes = () => {
    if (!scaled && isScale(ours)) return new Uint8Array(new Float32Array(sizeOf(shape)).fill(1).buffer)
    const name = held.has(averageName(ours)) ? averageName(ours) : ours
    const tensor = checkpoint.tensor(name)
    if (tensor.dtype !== 'F32' || !sameShape(tensor.shape, shape))
      throw new UserError(
        `checkpoint ${checkpoint.file}: '${name}' is not F32 ${shape.join('×')}; use another checkpoint`,
      )
    return tensor.bytes
  }
  return { name: theirs, dtype: 'F32', shape, bytes }
}
