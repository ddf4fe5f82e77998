import { createReference } from '../../src/backends/reference/reference.js'
import { RandomStream } from '../../src/base/random.js'
import { declareNetwork } from '../../src/evaluation/compiled-network.js'
import type { ModelSpec } from '../../src/networks/model-spec.js'
import { findNetwork } from '../../src/networks/networks.js'
import { writeCheckpointFile } from '../../src/training/checkpoint.js'
import { encodeState, storeTensors } from '../../src/training/checkpoint-state.js'

/** A network of one block a stage and an eighth of the channels. */
export function smallModel(id: string, change: Partial<ModelSpec> = {}): ModelSpec {
  const network = findNetwork(id)
  const blocks = Object.fromEntries(Object.keys(network.blocks).map(name => [name, 1]))
  const size = network.size === 224 ? 64 : 79
  return { network: id, classes: 10, size, width: 1 / 8, blocks, normScale: true, ...change }
}

/** Writes a checkpoint in which every parameter and statistic is drawn, norms included. */
export function writeSmallCheckpoint(
  file: string,
  model: ModelSpec,
  classNames: readonly string[] = Array.from({ length: model.classes }, (_, i) => `class ${i}`),
): void {
  using store = createReference().createStore()
  declareNetwork({ model, store, averages: false, extent: { width: model.size, height: model.size } })
  const random = new RandomStream(5, model.network)
  for (const { name } of store.variables.values()) {
    const data = store.data(name)
    const isGain = name.endsWith('.variance') || name.endsWith('.scale')
    if (isGain) for (let i = 0; i < data.length; i++) data[i] = random.uniform(0.5, 1.5)
    else if (!name.endsWith('.weights')) for (let i = 0; i < data.length; i++) data[i] = 0.2 * random.normal()
  }
  writeCheckpointFile(file, 7, {
    state: encodeState({ model, classNames, centralFraction: 0.875, epoch: 0 }),
    tensors: storeTensors(store),
  })
}
