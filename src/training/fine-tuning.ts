import path from 'node:path'
import type { Store } from '../backends/backend.js'
import { nearest, UserError } from '../base/error.js'
import type { ImageSet } from '../data/class-folder.js'
import { fileDigest } from '../formats/file-digest.js'
import type { Variable } from '../graph/ops/source.js'
import { hasClassRows } from '../networks/heads.js'
import { averageName } from '../optim/average.js'
import { type Checkpoint, readCheckpoint } from './checkpoint.js'
import { type CheckpointState, decodeState, numbersOf } from './checkpoint-state.js'
import { classOrder } from './class-order.js'

/** How a run begins with the weights of another one. */
export interface FineTuning {
  /** The checkpoint, by its whole path, and the SHA-256 of the file. */
  readonly file: string
  readonly sha256: string
  /** Whether the classes are others than the checkpoint's, so that its layers of logits are not taken over. */
  readonly newClasses: boolean
  /** Paths of scopes that are never trained: `stem`, `inception_a.0`. */
  readonly freeze: readonly string[]
  /** For so many epochs at first only the heads are trained. */
  readonly headOnlyEpochs: number
}

/** What begins with `origin`, by default all of it trained with the classes it has. */
export const fineTuningFrom = (
  { file }: Pick<Checkpoint, 'file'>,
  { newClasses = false, freeze = [], headOnlyEpochs = 0 }: Partial<Omit<FineTuning, 'file' | 'sha256'>> = {},
): FineTuning => ({ file: path.resolve(file), sha256: fileDigest(file), newClasses, freeze, headOnlyEpochs })

/** Opens the checkpoint that a run begins with. Errors: UserError where it is not the file that the run was made for. */
export function openOrigin({ file, sha256 }: FineTuning): Checkpoint {
  if (fileDigest(file) !== sha256)
    throw new UserError(
      `${file} is not the checkpoint that the run was made for: put that one back, or start a new run`,
    )
  return readCheckpoint(file)
}

/** What the checkpoints of a run that begins with `origin` say of it. */
export function sourceOf(origin: Checkpoint, { sha256 }: FineTuning): NonNullable<CheckpointState['source']> {
  const { model, source } = decodeState(origin)
  const from = `step ${origin.step} of ${model.network}${source ? ` (${source.from})` : ''}`
  return { file: path.basename(origin.file), sha256, from }
}

/**
 * Fills a network's parameters and statistics from the checkpoint that its run begins with, from its running averages
 * where it has them. With new classes the layers of logits are zero: so the first gradients say what the features lack,
 * and not what a random layer makes of them (Dosovitskiy et al., arXiv:2010.11929 §3.2). An auxiliary head that the
 * checkpoint does not have keeps the first values that it was declared with.
 *
 * Errors: UserError where the checkpoint lacks a tensor or has it in another shape, and where its classes are not the
 * images' and should be.
 */
export function takeOver(
  store: Store,
  weights: readonly Variable[],
  origin: Checkpoint,
  images: ImageSet,
  { newClasses }: Pick<FineTuning, 'newClasses'>,
): void {
  const order = newClasses ? [] : classOrder(origin, images, 'add --classes-from-data to train a new head for them')
  for (const { name, shape } of weights) {
    const data = store.data(name)
    if (newClasses && hasClassRows(name)) {
      data.fill(0)
      continue
    }
    const theirs = origin.has(averageName(name)) ? averageName(name) : name
    if (name.startsWith('auxiliary.') && !origin.has(theirs)) continue
    const numbers = numbersOf(origin, theirs, shape)
    data.set(hasClassRows(name) ? inOrder(numbers, order) : numbers)
  }
}

/** Rows in another order: row i of the result is row `order[i]`. */
function inOrder(numbers: Float32Array, order: readonly number[]): Float32Array {
  const row = numbers.length / order.length
  const ordered = new Float32Array(numbers.length)
  for (const [to, from] of order.entries()) ordered.set(numbers.subarray(from * row, (from + 1) * row), to * row)
  return ordered
}

/** Errors: UserError naming a path of `freeze` under which there are no weights, or a new head that it holds. */
export function expectScopes(freeze: readonly string[], weights: readonly Variable[], newClasses: boolean): void {
  const parameters = weights.filter(({ role }) => role === 'parameter').map(({ name }) => name)
  const known = new Set(parameters.flatMap(name => ancestors(name)))
  for (const scope of freeze)
    if (!known.has(scope)) {
      const close = nearest(scope, [...known])
      const hint = close === undefined ? '' : `did you mean '${close}'? `
      const stages = [...known].filter(name => !name.includes('.'))
      const inner = [...known].find(name => name.includes('.'))
      throw new UserError(
        `no weights lie under '${scope}': ${hint}There are ${stages.join(', ')}, and what lies in them, as ${inner}`,
        2,
      )
    }
  const frozen = within(freeze)
  const head = newClasses ? parameters.find(name => hasClassRows(name) && frozen(name)) : undefined
  if (head !== undefined)
    throw new UserError(`'${head}' is new and would stay zero: leave it out of --freeze, or take the classes over`, 2)
}

/** The paths of the scopes that a name lies in. */
const ancestors = (name: string): string[] => {
  const parts = name.split('.')
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'))
}

/** Whether a path is one of the scopes or lies in one. */
export const within =
  (scopes: readonly string[]) =>
  (path: string): boolean =>
    scopes.some(scope => path === scope || path.startsWith(`${scope}.`))
