import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import type { Shape } from '../base/shape.js'
import { type FileCalls, removeLeftovers, systemCalls, writeAtomically } from '../formats/atomic-file.js'
import { fileError, systemCode } from '../formats/file-error.js'
import { decodeJsonObject, encodeJson, type JsonObject } from '../formats/json.js'
import { bytesOf, openSafetensors, type SafetensorsFile, type TensorSource } from '../formats/safetensors.js'
import { encodeHeader, layOut, type TensorType } from '../formats/safetensors-header.js'

/**
 * A checkpoint is a safetensors file whose metadata holds, in this order, `sha256`, `checkpoint` (the version of this
 * layout), `step`, and `state` (JSON). The hash is of the whole file with 64 zeros in the place of its own digits, which
 * is the same place in every checkpoint, since it is the first thing in the header.
 */
const beforeDigest = new TextEncoder().encode('NNNNNNNN{"__metadata__":{"sha256":"').length
const digestLength = 64
const zeros = '0'.repeat(digestLength)
const version = '1'

/** How much is hashed and written in one go. */
const pieceLength = 8 * 2 ** 20

export interface CheckpointContents {
  /** Plain data (network, classes, epoch, preprocessing …); it reads back equal. */
  readonly state: object
  readonly tensors: Iterable<TensorSource>
}

export interface WriteOptions {
  /** How many checkpoints to leave in the folder, this one among them; at least 1. */
  readonly keep: number
  /** Hears of every piece that is written. */
  readonly progress?: () => void
  readonly calls?: FileCalls
}

/**
 * Writes the checkpoint of `step` into `folder` (made if missing) and returns its path; at every instant, also after a
 * crash, the folder's checkpoints are whole. The tensors are read, hashed and written once, one at a time. Only then
 * are older checkpoints removed, so the disk needs room for `keep` + 1.
 *
 * Checkpoints of later steps are removed too: they are of a course that the run left when it went back, and the next
 * resumption must not return to it. The folder must have no other writer (`RunFolder` sees to that).
 * Errors: `UserError` when the file cannot be written; the older checkpoints are then as before.
 */
export function writeCheckpoint(
  folder: string,
  step: number,
  contents: CheckpointContents,
  { keep, progress = () => {}, calls = systemCalls }: WriteOptions,
): string {
  if (!Number.isSafeInteger(keep) || keep < 1)
    throw new UserError(`cannot keep ${keep} checkpoints: it must be a whole number of at least 1`, 2)
  try {
    mkdirSync(folder, { recursive: true })
    removeLeftovers(folder, calls)
  } catch (error) {
    throw fileError('write', folder, error)
  }
  const file = path.join(folder, `step-${String(step).padStart(8, '0')}.safetensors`)
  writeCheckpointFile(file, step, contents, { progress, calls })

  const others = stepsIn(folder).filter(other => other.step !== step)
  const surplus = [
    ...others.filter(other => other.step > step),
    ...others.filter(other => other.step < step).slice(keep - 1),
  ]
  for (const { file: old } of surplus)
    try {
      calls.unlink(old)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw fileError('remove', old, error)
    }
  return file
}

/** Writes one checkpoint to any path, and touches nothing else. Errors: as `writeCheckpoint`. */
export function writeCheckpointFile(
  file: string,
  step: number,
  { state, tensors }: CheckpointContents,
  { progress = () => {}, calls = systemCalls }: Omit<WriteOptions, 'keep'> = {},
): void {
  if (!Number.isSafeInteger(step) || step < 0) throw new RangeError(`there is no step ${step}`)
  const placed = layOut(tensors)
  const header = encodeHeader(
    placed.map(tensor => tensor.info),
    { sha256: zeros, checkpoint: version, step: String(step), state: encodeJson(state, 'state') },
    file,
  )
  writeAtomically(
    file,
    out => {
      const hash = createHash('sha256').update(header)
      out.append(header)
      for (const { info, source } of placed) {
        const bytes = bytesOf(source, info)
        for (let at = 0; at < bytes.length; at += pieceLength) {
          const piece = bytes.subarray(at, at + pieceLength)
          hash.update(piece)
          out.append(piece)
          progress()
        }
      }
      out.patch(beforeDigest, new TextEncoder().encode(hash.digest('hex')))
    },
    calls,
  )
}

/** A verified checkpoint, open for reading; each tensor is read when asked for. */
export class Checkpoint implements Disposable {
  readonly file: string
  readonly step: number
  readonly state: JsonObject
  /** Of the whole file, as it is written in it. */
  readonly sha256: string
  /** The tensors' names. */
  readonly names: readonly string[]
  readonly #tensors: SafetensorsFile

  constructor(tensors: SafetensorsFile, step: number, state: JsonObject) {
    this.file = tensors.path
    this.step = step
    this.state = state
    this.sha256 = tensors.metadata.get('sha256')!
    this.names = [...tensors.tensors.keys()]
    this.#tensors = tensors
  }

  has(name: string): boolean {
    return this.#tensors.tensors.has(name)
  }

  /** One tensor, its elements little-endian in memory of their own. Errors: `UserError` when there is no such tensor. */
  tensor(name: string): { dtype: TensorType; shape: Shape; bytes: Uint8Array<ArrayBuffer> } {
    const { dtype, shape } = this.#tensors.info(name)
    return { dtype, shape, bytes: this.#tensors.read(name) }
  }

  /** Type and shape of one tensor. Errors: `UserError` when there is no such tensor. */
  info(name: string): { dtype: TensorType; shape: Shape } {
    return this.#tensors.info(name)
  }

  /** One tensor, read straight into memory of its size. Errors: as `tensor`. */
  readInto(name: string, target: Uint8Array): void {
    this.#tensors.readInto(name, target)
  }

  close(): void {
    this.#tensors.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Whether a safetensors file is a checkpoint of this program, by what its header says. */
export const isCheckpoint = ({ metadata }: Pick<SafetensorsFile, 'metadata'>): boolean =>
  ['sha256', 'checkpoint', 'step', 'state'].every(key => metadata.has(key))

/**
 * Opens a checkpoint and verifies all of it, which takes one reading of the file; `progress` hears of every piece.
 * Errors: `UserError` when the file is missing, damaged, or not a checkpoint of this program.
 */
export function readCheckpoint(file: string, progress: () => void = () => {}): Checkpoint {
  const tensors = openSafetensors(file)
  try {
    const { metadata } = tensors
    const digest = metadata.get('sha256')
    const step = metadata.get('step')
    const state = metadata.get('state')
    if (digest === undefined || step === undefined || state === undefined)
      throw new UserError(`${file} is not a checkpoint but other tensors: it has no training state; import it first`)
    if (hashOf(tensors, progress) !== digest)
      throw new UserError(`${file} is damaged: its contents do not match its SHA-256; use another checkpoint`)
    if (metadata.get('checkpoint') !== version)
      throw new UserError(`${file} was written by another version of this program; use that one`)
    return new Checkpoint(tensors, Number(step), decodeJsonObject(state, `the state in ${file}`))
  } catch (error) {
    tensors.close()
    throw error
  }
}

function hashOf(tensors: SafetensorsFile, progress: () => void): string {
  const hash = createHash('sha256')
  let first = true
  for (const piece of tensors.pieces()) {
    if (first) piece.fill(0x30, beforeDigest, beforeDigest + digestLength)
    first = false
    hash.update(piece)
    progress()
  }
  return hash.digest('hex')
}

/**
 * The newest checkpoint of `folder` that is whole. When newer ones are damaged, `warn` is told of each.
 * Errors: `UserError` when the folder has no whole checkpoint.
 */
export function latestCheckpoint(
  folder: string,
  warn: (message: string) => void,
  progress: () => void = () => {},
): Checkpoint {
  const candidates = existsSync(folder) ? stepsIn(folder) : []
  for (const { file } of candidates)
    try {
      return readCheckpoint(file, progress)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      warn(`${error.message} (going back to the checkpoint before it)`)
    }
  throw new UserError(
    candidates.length === 0
      ? `there is no checkpoint in ${folder}: start the run anew, into another folder (--out)`
      : `none of the ${candidates.length} checkpoints in ${folder} is whole: restore one from a copy, or start the run anew (--out)`,
  )
}

/** The checkpoints of a folder by their names, newest first. */
function stepsIn(folder: string): { step: number; file: string }[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    throw fileError('read', folder, error)
  }
  return names
    .flatMap(name => {
      const digits = /^step-(\d{8,})\.safetensors$/.exec(name)?.[1]
      return digits === undefined ? [] : [{ step: Number(digits), file: path.join(folder, name) }]
    })
    .sort((a, b) => b.step - a.step)
}

/**
 * Checks that the checkpoint's state has the `network` and the number of `classes` asked for.
 * Errors: `UserError` saying what it holds instead.
 */
export function expectNetwork(
  { file, state }: Pick<Checkpoint, 'file' | 'state'>,
  wanted: { readonly network: string; readonly classes: number },
): void {
  const { network, classes } = state
  if (typeof network !== 'string' || typeof classes !== 'number')
    throw new UserError(`checkpoint ${file} does not say which network it holds; use another checkpoint`)
  if (network !== wanted.network || classes !== wanted.classes)
    throw new UserError(
      `checkpoint ${file} holds ${network} with ${classes} classes, not ${wanted.network} with ${wanted.classes}; ask for that or use another checkpoint`,
      2,
    )
}
