import path from 'node:path'
import type { Backend } from '../../backends/backend.js'
import { writeNewFolder } from '../../formats/new-folder.js'
import type { Checkpoint } from '../../training/checkpoint.js'
import { decodeState } from '../../training/checkpoint-state.js'
import { type ExportedOnnx, exportOnnx } from '../onnx/export-onnx.js'
import { writePage } from './page-folder.js'

export interface WebExportOptions {
  /** A folder that does not exist yet, or is empty. */
  readonly out: string
  /** What the model is compared with. */
  readonly backend: Backend
}

const modelFile = 'model.onnx'

/**
 * Writes a web page that classifies images with a checkpoint, in the browser: a folder for any static server, under any
 * address. What it computes is what an evaluation computes: the same crop and resampling, and the network in ONNX Runtime.
 *
 * Errors: as `exportOnnx`, and `UserError` where the folder holds something or cannot be written.
 */
export const exportWeb = (checkpoint: Checkpoint, { out, backend }: WebExportOptions): Promise<ExportedOnnx> =>
  writeNewFolder(out, async folder => {
    const model = await exportOnnx(checkpoint, { out: path.join(folder, modelFile), backend })
    writePage(folder, decodeState(checkpoint), modelFile)
    return model
  })
