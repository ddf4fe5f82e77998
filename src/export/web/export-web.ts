import { readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { writeNewFolder } from '../../formats/new-folder.js'
import type { Checkpoint } from '../../training/checkpoint.js'
import { decodeState } from '../../training/checkpoint-state.js'
import { expectNamedClasses } from '../named-classes.js'
import { exportOnnx, type OnnxExportOptions, type OnnxFile } from '../onnx/export-onnx.js'
import type { OnnxVariant } from '../onnx/variants.js'
import { writePage } from './page-folder.js'

export interface WebExportOptions {
  /** A folder that does not exist yet, or is empty. */
  readonly out: string
  /** Which model the page loads. @default 'f32' */
  readonly variant?: OnnxVariant
  readonly onnx: Omit<OnnxExportOptions, 'out' | 'variants'>
}

export interface ExportedWeb {
  /** What every visitor loads, and little more. */
  readonly bytes: number
  readonly model: Omit<OnnxFile, 'file'>
}

/**
 * Writes a web page that classifies images with a checkpoint, in the browser: a folder for any static server, under any
 * address. What it computes is what an evaluation computes: the same crop and resampling, and the network in ONNX Runtime.
 *
 * Errors: as `exportOnnx`, and `UserError` where the folder holds something or cannot be written.
 */
export async function exportWeb(checkpoint: Checkpoint, options: WebExportOptions): Promise<ExportedWeb> {
  const { out, variant = 'f32', onnx } = options
  const state = decodeState(checkpoint)
  expectNamedClasses(state, checkpoint.file)
  return writeNewFolder(out, async folder => {
    const { files } = await exportOnnx(checkpoint, {
      ...onnx,
      out: path.join(folder, 'model.onnx'),
      variants: variant === 'f32' ? [] : [variant],
    })
    for (const { file } of files.filter(each => each.variant !== variant)) rmSync(file)
    const { file, ...model } = files.find(each => each.variant === variant)!
    onnx.signal?.throwIfAborted()
    writePage(folder, state, path.basename(file))
    return { bytes: bytesIn(folder), model }
  })
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => statSync(path.join(folder, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0)
