import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { gradients } from '../../src/graph/gradients.js'
import { Graph, type Value } from '../../src/graph/op.js'
import { batchNorm } from '../../src/graph/ops/batchNorm.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { relu } from '../../src/graph/ops/relu.js'
import { residualAdd } from '../../src/graph/ops/residualAdd.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { input, variableOf } from '../../src/graph/ops/source.js'
import { movingAverage } from '../../src/graph/ops/updates.js'
import { absorbRelu } from '../../src/graph/passes/absorbRelu.js'
import { removeDead } from '../../src/graph/passes/removeDead.js'
import { printGraph } from '../../src/graph/print.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import { Material } from './material.js'
import { small } from './small-network.js'

const names = (graph: Graph) => graph.nodes.map(({ op }) => op.name)
const count = (graph: Graph, name: string) => names(graph).filter(each => each === name).length

/** Logits, loss and all gradients of a small residual network, with or without the pass. */
function step(mode: 'train' | 'eval', absorbing: boolean) {
  const model = buildModel(findNetwork('inception-resnet-v2-slim'), { ...small, mode })
  const { graph } = model
  const moved = absorbing ? absorbRelu(graph, []) : (value: Value) => value
  const logits = moved(model.logits)
  const parameters = model.parameters.map(moved)
  const labels = input(graph, { name: 'labels', dtype: 's32', shape: [2], feed: 'plain' })
  const { loss } = softmaxCrossEntropy.emit({ logits, labels }, { smoothing: 0.1 })
  const diff = mode === 'train' ? gradients([{ of: loss, weight: 1 }], parameters) : []
  const outputs = [logits, loss, ...diff]
  removeDead(graph, outputs)
  const backend = createReference()
  const program = backend.compile(graph, { outputs, store: backend.createStore(), seed: 3 })
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = Math.sin(i * 0.37) + Math.cos(i * 0.011)
  program.input('labels').set([1, 4])
  program.run()
  return { graph, results: outputs.map(value => [...program.read(value)]), model }
}

for (const mode of ['train', 'eval'] as const)
  test(`absorbRelu changes no number of a network in ${mode} mode`, () => {
    const plain = step(mode, false)
    const absorbed = step(mode, true)
    assert.ok(count(plain.graph, 'relu') > 40)
    assert.equal(count(absorbed.graph, 'relu'), 0)
    assert.equal(absorbed.graph.nodes.length < plain.graph.nodes.length, true)
    assert.deepEqual(absorbed.results, plain.results)
    assert.ok(plain.results[0]!.some(logit => Math.abs(logit) > 1e-6))
  })

test('absorbRelu leaves a ReLU whose source somebody else reads, or must be kept, or cannot apply one', () => {
  const build = (m: Material) => {
    const x = m.map([1, 2, 3, 3])
    const normed = batchNorm.emit(
      { src: x, scale: undefined, shift: m.weight([2]) },
      { epsilon: 1e-3, relu: false },
    ).dst
    return { x, normed, active: relu(normed) }
  }
  const shared = new Material('shared', 'f32', 'inputs')
  const { normed, active } = build(shared)
  const both = residualAdd(normed, active, 1)
  absorbRelu(shared.graph, [both])
  assert.equal(count(shared.graph, 'relu'), 1)

  const kept = new Material('kept', 'f32', 'inputs')
  absorbRelu(kept.graph, [build(kept).normed])
  assert.equal(count(kept.graph, 'relu'), 1)

  const free = new Material('free', 'f32', 'inputs')
  const result = build(free)
  const moved = absorbRelu(free.graph, [result.active])
  assert.deepEqual(names(free.graph), ['input', 'variable', 'batchNorm'])
  assert.deepEqual(moved(result.active).node.attrs, { epsilon: 1e-3, relu: true })

  const bare = new Material('bare', 'f32', 'inputs')
  const window = {
    kernel: [1, 1],
    strides: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
  } as const
  relu(conv2d(bare.map([1, 2, 3, 3]), bare.weight([2, 2, 1, 1]), undefined, { ...window, groups: 1 }))
  absorbRelu(bare.graph, [])
  assert.equal(count(bare.graph, 'relu'), 1)
})

test('passes keep the scopes of nodes', () => {
  const model = buildModel(findNetwork('inception-resnet-v1'), { ...small, mode: 'train' })
  const scopes = new Set(model.graph.nodes.map(({ scope }) => scope))
  absorbRelu(model.graph, [])
  for (const { scope } of model.graph.nodes) assert.ok(scopes.has(scope))
  assert.equal(model.graph.scope, '')
})

test('removeDead keeps what leads to a kept value and what writes a variable, and nothing else', () => {
  const m = new Material('dead', 'f32', 'inputs')
  const [x, unused] = [m.map([1, 2, 3, 3]), m.map([1, 2, 3, 3])]
  const kept = relu(x)
  relu(relu(unused))
  const average = m.weight([2])
  movingAverage.emit({ averages: [average], src: [m.single([2])], decay: m.scalar(0.5) }, {})
  removeDead(m.graph, [kept])
  assert.deepEqual(names(m.graph), ['input', 'relu', 'variable', 'input', 'input', 'movingAverage'])
  assert.ok(variableOf(average))
})

test('removeDead drops the gradient towards the images', () => {
  const { graph } = step('train', false)
  const first = graph.nodes.filter(({ scope }) => scope === 'stem.conv_1a').map(({ op }) => op.name)
  assert.ok(first.includes('convolutionBackwardWeights') && !first.includes('convolutionBackwardData'), first.join(' '))
})

test('a graph prints a line a node, with types, ports, attributes and scope', () => {
  const graph = new Graph()
  const x = input(graph, { name: 'x', dtype: 'f32', shape: [1, 2, 3, 3], feed: 'nhwc' })
  graph.scope = 'stem.act'
  const y = relu(x)
  residualAdd(x, y, 0.5)
  assert.equal(
    printGraph(graph),
    [
      '%0:f32[1×2×3×3] = input() {"name":"x","dtype":"f32","shape":[1,2,3,3],"feed":"nhwc"}',
      '%1:f32[1×2×3×3] = relu(src=%0) @stem.act',
      '%2:f32[1×2×3×3] = residualAdd(src=%0, residual=%1) {"scale":0.5,"relu":false} @stem.act',
    ].join('\n'),
  )
})

test('an op with several outputs prints each, and one without prints none', () => {
  const m = new Material('print', 'f32', 'inputs')
  const shift = m.weight([2])
  batchNorm.emit({ src: m.map([1, 2, 1, 1]), scale: undefined, shift }, { epsilon: 1e-3, relu: false })
  movingAverage.emit({ averages: [shift], src: [shift], decay: m.scalar(0.5) }, {})
  const lines = printGraph(m.graph).split('\n')
  assert.match(
    lines[2]!,
    /^%2\.dst:f32\[1×2×1×1\], %2\.mean:f32\[2\], %2\.variance:f32\[2\] = batchNorm\(src=%1, shift=%0\)/,
  )
  assert.match(lines.at(-1)!, /^movingAverage\(averages=%0, src=%0, decay=%3\)$/)
})
