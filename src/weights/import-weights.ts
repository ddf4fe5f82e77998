import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { sizeOf } from '../base/shape.js'
import { fileDigest } from '../formats/file-digest.js'
import { quote } from '../formats/header-json.js'
import type { TensorSource } from '../formats/safetensors.js'
import { hasClassRows } from '../networks/heads.js'
import { findNetwork } from '../networks/networks.js'
import { writeCheckpointFile } from '../training/checkpoint.js'
import { type CheckpointState, encodeState } from '../training/checkpoint-state.js'
import { type ClassRows, classRows } from './class-names.js'
import { describeFamily, type Library } from './family.js'
import { readFloats } from './floats.js'
import { bringHere } from './layout.js'
import { type Ignored, type Match, matchWeights } from './match.js'
import { openTensorFile, type TensorFile } from './tensor-file.js'

export interface ImportOptions {
  /** Public weights in any form that `openTensorFile` opens. */
  readonly file: string
  readonly from: Library | 'auto'
  /** The network that they are of, or that of which theirs is another form. */
  readonly network: string
  /** A text file of class names. @default ImageNet's WNIDs for 1000 classes, else class_0000 … */
  readonly classes?: string | undefined
  /** The checkpoint to write. */
  readonly out: string
}

export interface Imported {
  /** The network here that computes what the library does. */
  readonly network: string
  /** "timm's inception_v4" */
  readonly from: string
  /** What was read, and the SHA-256 of its bytes, one file after the other. */
  readonly files: readonly string[]
  readonly sha256: string
  readonly classes: number
  /** The length of the embedding that the network gives instead. */
  readonly embedding?: number
  /** Whether a row of the logits that is no class was dropped. */
  readonly background: boolean
  /** How many there are, and their numbers. */
  readonly tensors: number
  readonly parameters: number
  readonly auxiliary: boolean
  readonly ignored: readonly Ignored[]
  /** Other networks that the file's names fit as well, which are fed other numbers. */
  readonly alike: readonly string[]
  readonly checkpoint: string
}

/**
 * Writes public weights as a checkpoint of step 0, which evaluates as their library does. Holds one tensor at a time.
 * Errors: `UserError` where the file cannot be read, is not the network's (see `matchWeights`) or holds what is no number,
 * and where the checkpoint cannot be written.
 */
export async function importWeights(options: ImportOptions): Promise<Imported> {
  const { from, out } = options
  using file = await openTensorFile(options.file)
  const files = file.files ?? [file.path]
  expectOther(files, out)
  const match = matchWeights(file, from, options.network)
  const { family } = match
  const rows = outputRows(match, options.classes)
  const sha256 = fileDigest(...files)
  const state = stateOf(match, rows, { file: path.basename(options.file), sha256, from: describeFamily(family) })
  const tensors = match.tensors.map(tensor => sourceOf(file, tensor, rows.background))
  writeCheckpointFile(out, 0, { state: encodeState(state), tensors })
  return {
    network: family.network,
    from: describeFamily(family),
    files,
    sha256,
    classes: rows.names.length,
    ...(findNetwork(family.network).embedding !== undefined && { embedding: match.rows }),
    background: rows.background > 0,
    tensors: tensors.length,
    parameters: tensors.reduce((sum, { name, shape }) => sum + (isStatistic(name) ? 0 : sizeOf(shape)), 0),
    auxiliary: match.auxiliary,
    ignored: match.ignored,
    alike: match.alike,
    checkpoint: out,
  }
}

function expectOther(files: readonly string[], out: string): void {
  if (existsSync(out) && files.some(file => realpathSync(file) === realpathSync(out)))
    throw new UserError(`--out ${out} is the file to import: give another one`, 2)
}

/** Errors: as `classRows`, and `UserError` (exit code 2) where an embedding's numbers are given names of classes. */
function outputRows({ family, rows }: Match, file: string | undefined): ClassRows {
  if (findNetwork(family.network).embedding === undefined) return classRows(rows, file)
  if (file !== undefined)
    throw new UserError(`${family.network} gives embeddings, which have no classes: leave --classes ${file} out`, 2)
  return { names: [], background: 0 }
}

function stateOf(
  { family, rows, scaled }: Match,
  { names, background }: ClassRows,
  source: NonNullable<CheckpointState['source']>,
): CheckpointState {
  const { size } = findNetwork(family.network)
  return {
    model: { network: family.network, classes: rows - background, size, width: 1, normScale: scaled },
    classNames: names,
    centralFraction: family.crop.fraction,
    crop: family.crop.name,
    epoch: 0,
    source,
  }
}

/** One tensor as a checkpoint has it. */
function sourceOf(
  file: TensorFile,
  { ours, theirs, shape, layout }: Match['tensors'][number],
  background: 0 | 1,
): TensorSource {
  const [rows = 0, ...rest] = shape
  const dropped = hasClassRows(ours) ? background : 0
  return {
    name: ours,
    dtype: 'F32',
    shape: hasClassRows(ours) ? [rows - dropped, ...rest] : shape,
    bytes() {
      const numbers = readFloats(file, theirs)
      if (ours.endsWith('.variance') && numbers.some(value => value < 0))
        throw new UserError(`${file.path}: ${quote(theirs)} has a variance below 0; use another file`)
      return new Uint8Array(bringHere(numbers, shape, layout).slice(dropped * sizeOf(rest)).buffer)
    },
  }
}

const isStatistic = (name: string): boolean => /\.(mean|variance)$/.test(name)
