import { existsSync } from 'node:fs'
import { UserError } from '../../base/error.js'
import type { TensorflowCheckpoint } from './checkpoint-tensor.js'
import { SlicedCheckpoint } from './sliced-checkpoint.js'
import { endsLikeTable } from './table.js'
import { TensorBundle } from './tensor-bundle.js'

/** Endings of a checkpoint's files beside its index: data, and the graph. */
const partEnding = /\.(meta|data-\d{5}-of-\d{5})$/

const prefixOf = (path: string): string => path.replace(/\.index$/, '').replace(partEnding, '')

/** Whether a file is a table, or one of a checkpoint of several files by its name. */
export const looksLikeTensorflow = (path: string): boolean =>
  existsSync(`${prefixOf(path)}.index`) || partEnding.test(path) || endsLikeTable(path)

/**
 * Opens a TensorFlow checkpoint of either kind and checks what it says of its tensors: one file, as TensorFlow wrote until
 * version 0.12 (`inception_v4.ckpt`), or an index with its data files. Of the latter `path` may be the prefix, as
 * TensorFlow itself names them (`model.ckpt-7`), or any of the files.
 * Errors: `UserError` naming the file and what is wrong with it.
 */
export function openTensorflowCheckpoint(path: string): TensorflowCheckpoint {
  const prefix = prefixOf(path)
  if (existsSync(`${prefix}.index`)) return new TensorBundle(prefix)
  if (partEnding.test(path))
    throw new UserError(
      `${path} is only a part of a TensorFlow checkpoint, and the list of its tensors, ${prefix}.index, is missing: put it beside`,
    )
  return new SlicedCheckpoint(path)
}
