import { existsSync } from 'node:fs'
import type { TensorflowCheckpoint } from './checkpoint-tensor.js'
import { SlicedCheckpoint } from './sliced-checkpoint.js'
import { TensorBundle } from './tensor-bundle.js'

/**
 * Opens a TensorFlow checkpoint of either kind and checks what it says of its tensors: one file, as TensorFlow wrote until
 * version 0.12 (`inception_v4.ckpt`), or an index with its data files. Of the latter `path` may be the prefix, as
 * TensorFlow itself names them (`model.ckpt-7`), or any of the files.
 * Errors: `UserError` naming the file and what is wrong with it.
 */
export function openTensorflowCheckpoint(path: string): TensorflowCheckpoint {
  const prefix = path.replace(/\.(index|meta|data-\d{5}-of-\d{5})$/, '')
  return existsSync(`${prefix}.index`) ? new TensorBundle(prefix) : new SlicedCheckpoint(path)
}
