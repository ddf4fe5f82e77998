import { writeFile } from 'node:fs/promises'
import type { Backend } from '../../backends/backend.js'
import { sharp } from '../../data/sharp.js'
import { classNames, draw } from '../../data/synth/scene.js'
import { declareNetwork } from '../../evaluation/compiled-network.js'
import type { ModelSpec } from '../../networks/model-spec.js'
import { writeCheckpointFile } from '../../training/checkpoint.js'
import { encodeState, storeTensors } from '../../training/checkpoint-state.js'

// What is measured where nobody brings something of their own.

/** About as many pixels as ImageNet's pictures have. */
const side = 433

/** Draws a JPEG of 433 × 433 pixels, always the same. Returns its path. */
export async function drawImage(file: string): Promise<string> {
  const { rgb, quality } = draw({
    ...{ seed: 1, split: 'val', className: classNames(1)[0]!, index: 0, size: side, difficulty: 0.5 },
  })
  const jpeg = sharp(rgb, { raw: { width: side, height: side, channels: 3 } }).jpeg({ quality })
  await writeFile(file, await jpeg.toBuffer())
  return file
}

/** Writes a network as training begins with it. Returns the checkpoint's path. */
export function writeFirstWeights(file: string, model: ModelSpec, backend: Backend): string {
  using store = backend.createStore()
  declareNetwork({ model, store, averages: false, extent: { width: model.size, height: model.size } })
  const names = Array.from({ length: model.classes }, (_, i) => `class_${i}`)
  const state = encodeState({ model, classNames: names, centralFraction: 0.875, epoch: 0 })
  writeCheckpointFile(file, 0, { state, tensors: storeTensors(store) })
  return file
}
