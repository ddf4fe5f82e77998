import { readdirSync } from 'node:fs'
import path from 'node:path'
import { type ImageSet, openSplit } from '../../data/class-folder.js'
import { openFlat } from '../../data/flat-folder.js'
import { openHeld } from '../../data/sources/open.js'
import { fileError } from '../../formats/file-error.js'
import type { OnnxModel } from '../../formats/onnx/model.js'
import type { TensorType } from '../../formats/onnx/types.js'
import { inputName } from './checkpoint-model.js'
import { Histogram, type Range } from './histogram.js'
import type { PixelBatch } from './pixel-batches.js'
import { activationLevels } from './quantisation.js'
import type { OnnxSession } from './runtime.js'

/** Each takes a run that gives every activation. */
const mostImages = 200

/**
 * Images to measure activations on, spread evenly over a folder of class folders, or of images alone; of a data folder
 * with `train` and `val`, or of archives, over those for training. Errors: UserError where the folder holds none.
 */
export async function openCalibration(folder: string): Promise<ImageSet> {
  const held = await openHeld(folder, ['train'])
  const { root, classes, items } = held?.train ?? (await openFolder(folder))
  const count = Math.min(mostImages, items.length)
  const spread = Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!)
  return { root, classes, items: spread }
}

async function openFolder(folder: string): Promise<ImageSet> {
  const folders = foldersIn(folder)
  if (folders.includes('train')) return await openSplit(path.join(folder, 'train'))
  return folders.length > 0 ? await openSplit(folder) : await openUnlabelled(folder)
}

async function openUnlabelled(folder: string): Promise<ImageSet> {
  const { paths } = await openFlat(folder)
  return { root: folder, classes: ['unknown'], items: paths.map(path => ({ path, label: 0 })) }
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
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
