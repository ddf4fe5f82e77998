import assert from 'node:assert/strict'
import test from 'node:test'
import { sizeOf } from '../../src/base/shape.js'
import type { Value } from '../../src/graph/op.js'
import { inputsIn, variablesIn } from '../../src/graph/ops/source.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel, type ModelOptions } from '../../src/nn/model.js'

const small = {
  batch: 2,
  classes: 5,
  width: 0.25,
  size: 75,
  blocks: { a: 1, b: 1, c: 1 },
}

const build = (options: Partial<ModelOptions> = {}) =>
  buildModel(findNetwork('inception-v4'), { ...small, mode: 'train', ...options })

/** What dropout makes of features of 1, by image. */
function masks(batch: number, replica: ModelOptions['replica'], step: number): Float32Array {
  const { graph } = build({ batch, replica, keep: 0.5, seed: 4 })
  const { inputs, attrs, op } = graph.nodes.find(({ op }) => op.name === 'dropout')!
  const { shape } = inputs.src as Value
  const ones = { dtype: 'f32', shape, data: new Float32Array(sizeOf(shape)).fill(1) } as const
  const dst = { ...ones, data: new Float32Array(ones.data.length) }
  op.reference({ src: ones, step: { dtype: 's32', shape: [1], data: Float32Array.of(step) } }, { dst }, attrs)
  return dst.data
}

test('what replicas drop is together what one drops of all images', () => {
  const whole = masks(6, undefined, 3)
  const parts = [0, 1, 2].flatMap(index => [...masks(2, { index, of: 3 }, 3)])
  assert.deepEqual(parts, [...whole])
  const [first, second] = [whole.subarray(0, whole.length / 2), whole.subarray(whole.length / 2)]
  assert.notDeepEqual(first, second)
  assert.ok(whole.includes(0) && whole.includes(2))
})

const opsOf = ({ graph }: ReturnType<typeof build>) => graph.nodes.map(({ op }) => op.name)
const count = (names: readonly string[], name: string) => names.filter(each => each === name).length

test('synchronised norms are ordinary ones for a replica by itself, in evaluation and where they are frozen', () => {
  const plain = opsOf(build())
  assert.deepEqual(opsOf(build({ syncBatchNorm: true })), plain)
  const two = { syncBatchNorm: true, replica: { index: 1, of: 2 } }
  assert.deepEqual(opsOf(build({ ...two, syncBatchNorm: false })), plain)
  assert.deepEqual(opsOf(build({ ...two, mode: 'eval' })), opsOf(build({ mode: 'eval' })))
  const frozen = (path: string) => path.startsWith('stem')
  const [some, all] = [opsOf(build({ ...two, frozen })), opsOf(build(two))]
  assert.equal(count(all, 'batchNormGlobal'), count(plain, 'batchNorm'))
  assert.equal(count(some, 'batchNormInference'), count(opsOf(build({ frozen })), 'batchNormInference'))
  assert.equal(count(some, 'batchNormGlobal') + count(some, 'batchNormInference'), count(plain, 'batchNorm'))
})

test('a synchronised network has the parameters and statistics of an ordinary one', () => {
  const [plain, synchronised] = [build(), build({ syncBatchNorm: true, replica: { index: 0, of: 4 } })]
  assert.deepEqual(variablesIn(synchronised.graph), variablesIn(plain.graph))
  assert.deepEqual(inputsIn(synchronised.graph), inputsIn(plain.graph))
  const ports = ({ statistics }: typeof plain) =>
    statistics.map(({ running, batch }) => [running.shape, batch.shape, batch.port])
  assert.deepEqual(ports(synchronised), ports(plain))
})
