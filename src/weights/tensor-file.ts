import { UserError } from '../base/error.js'
import { InputFile } from '../formats/input-file.js'
import { kerasStartLength, looksLikeKeras } from '../formats/keras/keras-file.js'
import { openSafetensors } from '../formats/safetensors.js'
import type { TensorInfo } from '../formats/safetensors-header.js'
import { looksLikeTensorflow, openTensorflowCheckpoint } from '../formats/tensorflow/checkpoint.js'
import { looksLikeTorch, openTorch, torchMagicLength } from '../formats/torch/torch-file.js'
import { isCheckpoint } from '../training/checkpoint.js'
import { openKerasTensors } from './keras-tensor-file.js'

/** Named tensors in a file of any form; each is read when asked for. */
export interface TensorFile extends Disposable {
  readonly path: string
  /** What it lies in, where that is not `path` alone: the files in their order. */
  readonly files?: readonly string[]
  readonly tensors: ReadonlyMap<string, Pick<TensorInfo, 'dtype' | 'shape'>>
  /** Names of what is there and holds no numbers. */
  readonly others?: readonly string[]
  /** The elements of one tensor, little-endian and row-major, at the start of memory of their own. */
  read(name: string): Uint8Array<ArrayBuffer>
}

/**
 * Opens a safetensors file, one that PyTorch or Keras wrote, or a checkpoint of TensorFlow: told by its first bytes, by its last
 * ones, or by the index that stands beside a checkpoint's name. Errors: `UserError` naming the file and what is wrong with it.
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  if (looksLikeTensorflow(path)) return openTensorflowCheckpoint(path)
  const start = firstBytes(path)
  if (looksLikeKeras(start)) return openKerasTensors(path)
  if (looksLikeTorch(start)) return openTorch(path)
  // After the header's length, eight bytes, comes its JSON.
  if (start[8] === 0x7b) return openForeignSafetensors(path)
  if (start[0] === 0x1f && start[1] === 0x8b)
    throw new UserError(`${path} is a packed archive (gzip): unpack it (tar -xzf) and give the weights in it`)
  throw new UserError(
    `${path} is neither a safetensors file, nor one that PyTorch (.pth, pytorch_model.bin) or Keras (.h5, .keras) wrote, nor a whole checkpoint of TensorFlow (.ckpt, .index); give one of these`,
  )
}

/** Errors: `UserError` where it is a checkpoint of this program, which has nothing to be imported. */
function openForeignSafetensors(path: string): TensorFile {
  const file = openSafetensors(path)
  if (!isCheckpoint(file)) return file
  file.close()
  throw new UserError(`${path} is a checkpoint of this program already: use it as it is`)
}

function firstBytes(path: string): Uint8Array {
  using input = new InputFile(path)
  return input.read(0, Math.min(input.size, Math.max(torchMagicLength, kerasStartLength)))
}
