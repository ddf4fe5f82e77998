import { statSync } from 'node:fs'
import type { Backend } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import { averagesOf } from '../../evaluation/checkpoint-averages.js'
import { PendingFiles } from '../../formats/atomic-file.js'
import { writeModel } from '../../formats/onnx/write.js'
import type { Checkpoint } from '../../training/checkpoint.js'
import { decodeState } from '../../training/checkpoint-state.js'
import { onnxModelOf } from './checkpoint-model.js'
import { compare, type Difference, probeOf } from './probe.js'
import { loadOnnxRuntime } from './runtime.js'

export interface OnnxExportOptions {
  readonly out: string
  /** What the model is compared with, in f32. */
  readonly backend: Backend
  /** Whether batch norms go into the weights of the convolutions before them. @default true */
  readonly foldNorm?: boolean
  readonly bound?: number
}

export interface ExportedOnnx {
  readonly runtime: string
  readonly bytes: number
  readonly difference: Difference
}

export async function exportOnnx(checkpoint: Checkpoint, options: OnnxExportOptions): Promise<ExportedOnnx> {
  const { out, backend, foldNorm = true, bound = 1e-4 } = options
  const { model } = decodeState(checkpoint)
  using store = averagesOf(checkpoint, backend)
  const runtime = await loadOnnxRuntime(backend.threads)
  using files = new PendingFiles()
  const file = files.write(out, output => writeModel(onnxModelOf(checkpoint, store, foldNorm), output))
  const probe = probeOf(model, backend, store)
  await using session = await runtime.open(file)
  const difference = await compare(session, probe)
  if (!(difference.relative <= bound))
    throw new UserError(`logits in ${runtime.title} are off by ${difference.largest}: nothing was written`)
  files.place()
  return { runtime: runtime.title, bytes: statSync(out).size, difference }
}
