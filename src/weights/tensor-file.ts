import { UserError } from '../base/error.js'
import { InputFile } from '../formats/input-file.js'
import { openSafetensors } from '../formats/safetensors.js'
import type { TensorInfo } from '../formats/safetensors-header.js'
import { looksLikeTorch, openTorch, torchMagicLength } from '../formats/torch/torch-file.js'

/** Named tensors in a file of any form; each is read when asked for. */
export interface TensorFile extends Disposable {
  readonly path: string
  readonly tensors: ReadonlyMap<string, Pick<TensorInfo, 'dtype' | 'shape'>>
  /** The elements of one tensor, little-endian and row-major, at the start of memory of their own. */
  read(name: string): Uint8Array<ArrayBuffer>
}

/**
 * Opens a safetensors file, or one that PyTorch wrote, told by its first bytes.
 * Errors: `UserError` naming the file and what is wrong with it.
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  const start = firstBytes(path)
  if (looksLikeTorch(start)) return openTorch(path)
  // After the header's length, eight bytes, comes its JSON.
  if (start[8] === 0x7b) return openSafetensors(path)
  throw new UserError(
    `${path} is neither a safetensors file nor one that PyTorch wrote (.pth, pytorch_model.bin); give one of these`,
  )
}

function firstBytes(path: string): Uint8Array {
  using input = new InputFile(path)
  return input.read(0, Math.min(input.size, torchMagicLength))
}
