import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { describe, readDescription, readWeights, writeDescription } from '../../bench/peers/description.js'
import { createReference } from '../../src/backends/reference/reference.js'
import { sizeOf } from '../../src/base/shape.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'

const build = (id: string) => buildModel(findNetwork(id), { mode: 'train', batch: 1, classes: 10, width: 0.125 })

for (const id of ['inception-v3', 'inception-v4', 'inception-resnet-v2-slim'])
  test(`${id} is described in an order in which it can run, with every parameter and statistic once`, () => {
    const model = build(id)
    const { input, output, nodes, parameters } = describe(model)
    const made = new Set([input])
    for (const node of nodes) {
      for (const [port, names] of Object.entries(node.inputs))
        if (port !== 'step')
          for (const name of names) assert.ok(made.has(name), `${node.scope} reads ${name} too early`)
      made.add(node.output)
    }
    assert.ok(made.has(output))
    const named = nodes.flatMap(({ variables }) => Object.values(variables)).sort()
    const variables = [...model.parameters, ...model.statistics.map(({ running }) => running)]
    assert.deepEqual(named, variables.map(value => variableOf(value)!.name).sort())
    assert.equal(
      parameters,
      model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    )
  })

test('a description and its weights read back as they were written', t => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-description-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const model = build('inception-v3')
  const store = createReference().createStore()
  for (const value of [...model.parameters, ...model.statistics.map(({ running }) => running)])
    store.declare(variableOf(value)!, 7)
  writeDescription(folder, model, store)
  assert.deepEqual(readDescription(folder), JSON.parse(JSON.stringify(describe(model))))
  const weights = readWeights(folder)
  assert.equal(weights.size, store.variables.size)
  for (const [name, { shape, data }] of weights) {
    assert.deepEqual(shape, store.variables.get(name)!.shape)
    assert.deepEqual(data, store.data(name))
  }
})
