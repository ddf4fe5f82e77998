import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { RandomStream } from '../../src/base/random.js'
import { gradients } from '../../src/graph/gradients.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { type Input, input, variableOf } from '../../src/graph/ops/source.js'
import { absorbRelu } from '../../src/graph/passes/absorbRelu.js'
import { removeDead } from '../../src/graph/passes/removeDead.js'
import { networks } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import type { Network } from '../../src/nn/network.js'

/** A network of one block a stage and a sixteenth of the channels, in training, ready to run in double precision. */
function tiny(network: Network) {
  const model = buildModel(network, {
    mode: 'train',
    batch: 3,
    classes: 4,
    width: 1 / 16,
    size: network.size === 224 ? 33 : 79,
    blocks: Object.fromEntries(Object.keys(network.blocks).map(name => [name, 1])),
  })
  const { graph } = model
  const moved = absorbRelu(graph, [])
  const labels = input(graph, { name: 'labels', dtype: 's32', shape: [3], feed: 'plain' })
  const { loss } = softmaxCrossEntropy.emit({ logits: moved(model.logits), labels }, { smoothing: 0.1 })
  const parameters = model.parameters.map(moved)
  const diff = gradients([{ of: loss, weight: 1 }], parameters)
  removeDead(graph, [loss, ...diff])
  const backend = createReference({ arithmetic: 'f64' })
  const store = backend.createStore()
  const program = backend.compile(graph, { outputs: [loss, ...diff], store, seed: 11 })
  const random = new RandomStream(3, network.id)
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = random.uniform(-1, 1)
  program.input('labels').set([2, 0, 3])
  if (graph.nodes.some(({ op, attrs }) => op.name === 'input' && (attrs as Input).name === 'step'))
    program.input('step').set([5])
  return {
    lossNow() {
      program.run()
      return program.read(loss)[0]!
    },
    gradientsNow: () => diff.map(value => program.read(value)),
    weights: parameters.map(parameter => store.data(variableOf(parameter)!.name)),
  }
}

for (const network of networks)
  test(`${network.id}: the loss falls along its gradient by as much as the gradient says`, () => {
    const { lossNow, gradientsNow, weights } = tiny(network)
    const loss = lossNow()
    assert.ok(loss > 0.5 && loss < 5, `loss ${loss}`)
    const diff = gradientsNow()
    for (const [i, gradient] of diff.entries()) assert.ok(gradient.every(Number.isFinite), `gradient ${i}`)
    const square = diff.reduce((sum, gradient) => sum + gradient.reduce((part, g) => part + g * g, 0), 0)
    const first = weights.map(data => data.slice())
    const along = (by: number) => {
      for (const [i, data] of weights.entries())
        for (let k = 0; k < data.length; k++) data[k] = first[i]![k]! + by * diff[i]![k]!
      return lossNow()
    }
    // The loss is read in f32, to 6e-8: a five-hundredth of this change. With a larger one ReLUs begin to switch.
    const expected = 3e-5
    const change = (along(expected / square) - along(-expected / square)) / 2
    assert.ok(Math.abs(change / expected - 1) < 3e-3, `changed by ${change}, not by ${expected}`)
  })
