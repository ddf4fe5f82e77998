import { openBackend } from '../../src/backends/open.js'
import type { SingleCrop } from '../../src/data/crops/protocol.js'
import type { RgbImage } from '../../src/data/decode.js'
import { ImageViews } from '../../src/data/image-views.js'
import { classNames, draw } from '../../src/data/synth/scene.js'
import { averagesOf } from '../../src/evaluation/checkpoint-averages.js'
import { CompiledNetwork, declareNetwork } from '../../src/evaluation/compiled-network.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { type ModelSpec, modelOptions, networkOf } from '../../src/networks/model-spec.js'
import { buildModel } from '../../src/nn/model.js'
import { readCheckpoint, writeCheckpointFile } from '../../src/training/checkpoint.js'
import { type CheckpointState, decodeState, encodeState, storeTensors } from '../../src/training/checkpoint-state.js'

const backend = openBackend('auto', () => {}, {})

/** A drawn picture of a side of `size`. */
export const picture = (index: number, size: number): RgbImage => {
  const { rgb } = draw({ seed: 1, split: 'val', className: classNames(4)[index % 4]!, index, size, difficulty: 0.5 })
  return { width: size, height: size, rgb }
}

/** Writes a checkpoint of first weights, as training begins with them. */
export function writeFirstCheckpoint(file: string, state: CheckpointState, { auxiliary = false } = {}): void {
  using store = backend.createStore()
  const network = networkOf(state.model)
  // Weights do not depend on the input's size, for which an auxiliary head may be too large.
  const options = { ...modelOptions(state.model), size: network.size, mode: 'train', batch: 1, auxiliary } as const
  for (const { outputs } of buildModel(network, options).graph.nodes)
    for (const value of Object.values(outputs)) {
      const variable = variableOf(value)
      if (variable) store.declare(variable, 0)
    }
  writeCheckpointFile(file, 0, { state: encodeState(state), tensors: storeTensors(store) })
}

/**
 * Writes a checkpoint of first weights whose last layer is made such that it tells drawn pictures apart: over 32 of them
 * every class's logit has mean 0 and deviation 3, so that the probabilities say something, and every image something else.
 */
export function writeTellingCheckpoint(
  file: string,
  model: ModelSpec,
  names: readonly string[],
  crop: SingleCrop,
): void {
  const extent = { width: model.size, height: model.size }
  using store = backend.createStore()
  declareNetwork({ model, store, averages: false, extent })
  const pictures = Array.from({ length: 32 }, (_, i) => picture(i, model.size))
  const logits = logitsOf(
    model,
    store,
    pictures.map(each => viewOf(each, model.size, crop, 0.875)),
  )
  const [weights, bias] = [store.data('logits.weights'), store.data('logits.bias')] as [Float32Array, Float32Array]
  const features = weights.length / model.classes
  for (let c = 0; c < model.classes; c++) {
    const own = logits.map(row => row[c]!)
    const mean = own.reduce((sum, x) => sum + x, 0) / own.length
    const scale = 3 / Math.sqrt(own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / own.length)
    for (let i = 0; i < features; i++) weights[c * features + i]! *= scale
    bias[c] = (bias[c]! - mean) * scale
  }
  const state = encodeState({ model, classNames: names, centralFraction: 0.875, crop, epoch: 0 })
  writeCheckpointFile(file, 0, { state, tensors: storeTensors(store) })
}

/** The probabilities of images by this program, with the checkpoint's own crop, in f32. */
export function ownProbabilities(file: string, images: readonly RgbImage[]): number[][] {
  using checkpoint = readCheckpoint(file)
  const { model, crop = 'slim', centralFraction } = decodeState(checkpoint)
  using store = averagesOf(checkpoint, backend)
  return logitsOf(
    model,
    store,
    images.map(image => viewOf(image, model.size, crop, centralFraction)),
  ).map(softmax)
}

function viewOf(image: RgbImage, size: number, crops: SingleCrop, fraction: number): Float32Array {
  const view = new Float32Array(size * size * 3)
  new ImageViews(image, { kind: 'views', crops, size, fraction }).write(0, view)
  return view
}

function logitsOf(model: ModelSpec, store: ReturnType<typeof averagesOf>, views: readonly Float32Array[]): number[][] {
  const extent = { width: model.size, height: model.size }
  using network = new CompiledNetwork({
    ...{ model, backend, store, extent, precision: 'f32', averages: false, tune: false, batch: 1 },
  })
  return views.map(view => {
    network.feed(view, 0)
    return [...network.run()]
  })
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits)
  const powers = logits.map(logit => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map(power => power / sum)
}
