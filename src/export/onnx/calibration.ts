import { readdirSync } from 'node:fs'
import type { ImageSet } from '../../data/class-folder.js'
import { openSplit } from '../../data/class-folder.js'
import { openFlat } from '../../data/flat-folder.js'
import { fileError } from '../../formats/file-error.js'
import type { OnnxModel } from '../../formats/onnx/model.js'
import type { TensorType } from '../../formats/onnx/types.js'
import { inputName } from './checkpoint-model.js'
import { Histogram, type Range } from './histogram.js'
import type { PixelBatch } from './pixel-batches.js'
import { activationLevels } from './quantisation.js'
import type { OnnxSession } from './runtime.js'

/** More images did not change the ranges. */
const mostImages = 200

/**
 * Images to measure activations on, spread evenly over a folder of class folders or of images alone. Errors: UserError
 * where the folder holds none.
 */
export async function openCalibration(folder: string): Promise<ImageSet> {
  const { classes, items } = hasFolders(folder) ? await openSplit(folder) : await openUnlabelled(folder)
  const count = Math.min(mostImages, items.length)
  const spread = Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!)
  return { root: folder, classes, items: spread }
}

async function openUnlabelled(folder: string): Promise<ImageSet> {
  const { paths } = await openFlat(folder)
  return { root: folder, classes: ['unknown'], items: paths.map(path => ({ path, label: 0 })) }
}

function hasFolders(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true }).some(entry => entry.isDirectory())
  } catch (error) {
    throw fileError('read', folder, error)
  }
}

/** The model with values in between among its outputs. */
export function withOutputs(
  model: OnnxModel,
  names: readonly string[],
  types: ReadonlyMap<string, TensorType>,
): OnnxModel {
  const outputs = names.filter(name => name !== inputName).map(name => ({ name, ...types.get(name)! }))
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...outputs] } }
}

/** The ranges of values of a model that gives them as outputs, over all images. */
export async function calibrate(
  session: OnnxSession,
  names: readonly string[],
  size: number,
  images: AsyncIterable<PixelBatch>,
): Promise<ReadonlyMap<string, Range>> {
  const histograms = new Map(names.map(name => [name, new Histogram()]))
  const made = names.filter(name => name !== inputName)
  for await (const { pixels, count } of images) {
    const values = await session.run({ [inputName]: { shape: [count, 3, size, size], data: pixels } }, made)
    for (const [name, histogram] of histograms) histogram.add(name === inputName ? pixels : values.get(name)!)
  }
  return new Map([...histograms].map(([name, histogram]) => [name, histogram.bestRange(activationLevels)]))
}
