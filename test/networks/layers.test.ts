import assert from 'node:assert/strict'
import test from 'node:test'
import { sizeOf } from '../../src/base/shape.js'
import type { AvgPool } from '../../src/graph/ops/avgPool.js'
import type { Window } from '../../src/graph/ops/window.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel, type Model } from '../../src/nn/model.js'
import { tables } from './layer-tables.js'
import { describe } from './layer-text.js'

const built = new Map<string, Model>()
const modelOf = (id: string): Model => {
  const model = built.get(id) ?? buildModel(findNetwork(id), { mode: 'eval', batch: 1, normScale: false })
  built.set(id, model)
  return model
}

const parametersOf = (model: Model, block: string) =>
  model.parameters
    .filter(({ node }) => node.scope.startsWith(`${block}.`) || node.scope === block)
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0)

for (const [id, blocks] of Object.entries(tables))
  test(`${id} has the layers of its table, block by block`, () => {
    const model = modelOf(id)
    for (const [block, [parameters, ...rows]] of Object.entries(blocks)) {
      assert.deepEqual(describe(model, block), rows, block)
      if (parameters !== undefined) assert.equal(parametersOf(model, block), parameters, block)
    }
  })

test('TensorFlow’s SAME pads after, an explicit half pads both sides', () => {
  const padding = (id: string, scope: string) => {
    const node = modelOf(id).graph.nodes.find(each => each.scope === scope && 'padding' in (each.attrs as object))
    return (node!.attrs as Window).padding
  }
  assert.deepEqual(padding('bn-inception', 'conv_1a.a_7x7'), [
    [2, 3],
    [2, 3],
  ])
  assert.deepEqual(padding('bn-inception', 'pool_2a'), [
    [0, 1],
    [0, 1],
  ])
  assert.deepEqual(padding('bn-inception', 'mixed_4a.branch_0.b_3x3'), [
    [0, 1],
    [0, 1],
  ])
  for (const scope of ['pool1', 'inception_3c.branch_2.a_pool'])
    assert.deepEqual(padding('bn-inception-caffe', scope), [
      [0, 1],
      [0, 1],
    ])
  assert.deepEqual(padding('bn-inception-caffe', 'inception_3c.branch_0.b_3x3'), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(padding('resnet-152', 'conv1'), [
    [3, 3],
    [3, 3],
  ])
  assert.deepEqual(padding('resnet-152', 'pool1'), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(padding('resnet-152-slim', 'pool1'), [
    [0, 1],
    [0, 1],
  ])
  assert.deepEqual(padding('resnet-152-slim', 'conv2.2.b_3x3'), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(padding('inception-v4', 'inception_b.0.branch_1.b_1x7'), [
    [0, 0],
    [3, 3],
  ])
})

test('every average leaves padding out of its divisor, but for Caffe’s', () => {
  for (const id of Object.keys(tables))
    for (const { op, attrs } of modelOf(id).graph.nodes)
      if (op.name === 'avgPool') assert.equal((attrs as AvgPool).includePadding, id === 'bn-inception-caffe')
})

test('torchvision’s Inception-v3 is slim’s but for the padding that its averages count', () => {
  const layers = (id: string) =>
    modelOf(id).graph.nodes.map(({ op, scope, attrs, outputs }) => {
      const shapes = Object.values(outputs).map(({ shape }) => shape)
      if (op.name !== 'avgPool') return { op: op.name, scope, shapes, attrs }
      assert.equal((attrs as AvgPool).includePadding, id === 'inception-v3-torch')
      return { op: op.name, scope, shapes, attrs: { ...(attrs as AvgPool), includePadding: false } }
    })
  assert.deepEqual(layers('inception-v3-torch'), layers('inception-v3'))
})
