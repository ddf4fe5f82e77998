import assert from 'node:assert/strict'
import { openBackend } from '../../src/backends/open.js'
import { declareNetwork } from '../../src/evaluation/compiled-network.js'
import { writeCheckpointFile } from '../../src/training/checkpoint.js'
import { type CheckpointState, encodeState, storeTensors } from '../../src/training/checkpoint-state.js'
import { tinyModel } from '../training/tiny-run.js'

export const untrainedModel = { ...tinyModel, classes: 3 }
export const untrainedClasses = ['ant', 'bee', 'cat']

/** A checkpoint of an untrained network whose answers are far apart; class k has the logits that are first `order[k]`. */
export function writeUntrained(
  file: string,
  classNames: readonly string[] = untrainedClasses,
  order: readonly number[] = [0, 1, 2],
  more: Partial<CheckpointState> = {},
): string {
  const { model = untrainedModel } = more
  using store = openBackend('reference', assert.fail).createStore()
  declareNetwork({ model, store, averages: false, extent: { width: model.size, height: model.size } })
  const weights = store.data('logits.weights')
  const features = weights.length / order.length
  const first = weights.slice()
  for (let i = 0; i < weights.length; i++)
    weights[i] = 30 * first[order[Math.floor(i / features)]! * features + (i % features)]!
  const state = encodeState({ model, classNames, centralFraction: 0.875, epoch: 1, ...more })
  writeCheckpointFile(file, 1, { state, tensors: storeTensors(store) })
  return file
}
