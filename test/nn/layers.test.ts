import assert from 'node:assert/strict'
import test from 'node:test'
import { Graph, ShapeError, type Value } from '../../src/graph/op.js'
import type { Convolution } from '../../src/graph/ops/convolution.js'
import { input, variableOf } from '../../src/graph/ops/source.js'
import { branches, chain, named, repeat, residual, shortcut } from '../../src/nn/combine.js'
import { conv, depthwise, Linear, normalisedDense } from '../../src/nn/conv.js'
import { dense, dropout } from '../../src/nn/dense.js'
import { truncatedNormal, varianceScaling, xavier } from '../../src/nn/network.js'
import { avgPool, flatten, globalAvgMap, globalAvgPool, maxPool } from '../../src/nn/pool.js'
import { type Layer, Root, Scope, type Settings } from '../../src/nn/scope.js'
import { V, V2, windowOver } from '../../src/nn/window.js'

const standard: Settings = {
  mode: 'eval',
  frozen: () => false,
  width: 1,
  residualScale: undefined,
  extraNorm: 'none',
  norm: { epsilon: 1e-3, scale: true, synchronised: false },
  keep: 0.8,
  seed: 0,
  replica: { index: 0, of: 1 },
  initial: xavier,
}

/** A layer run on an [2,6,9,9] map. */
function run(layer: Layer, settings: Partial<Settings> = {}, shape: readonly number[] = [2, 6, 9, 9]) {
  const graph = new Graph()
  const root = new Root(graph, { ...standard, ...settings })
  const x = input(graph, { name: 'x', dtype: 'f32', shape, feed: 'plain' })
  const y = new Scope(root, 'here').run(layer, x)
  const variables = graph.nodes.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(value => variableOf(value) ?? []),
  )
  return {
    graph,
    root,
    x,
    y,
    variables,
    names: variables.map(({ name }) => name),
    ops: graph.nodes.map(({ op }) => op.name),
  }
}

test('a padding word becomes pixels', () => {
  const paddingOf = (kernel: `${number}x${number}`, size: number, options: Parameters<typeof windowOver>[3]) =>
    windowOver(size, size, kernel, options).padding
  assert.deepEqual(paddingOf('3x3', 8, {}), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(paddingOf('1x7', 8, { pad: 'same' }), [
    [0, 0],
    [3, 3],
  ])
  assert.deepEqual(paddingOf('7x1', 8, {}), [
    [3, 3],
    [0, 0],
  ])
  assert.deepEqual(paddingOf('3x3', 8, V), [
    [0, 0],
    [0, 0],
  ])
  assert.deepEqual(paddingOf('3x3', 8, V2), [
    [0, 0],
    [0, 0],
  ])
  assert.deepEqual(paddingOf('3x3', 8, { pad: 'half', stride: 2 }), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(paddingOf('7x7', 224, { pad: 'half', stride: 2 }), [
    [3, 3],
    [3, 3],
  ])
  assert.deepEqual(paddingOf('3x3', 8, { pad: 'tf', stride: 2 }), [
    [0, 1],
    [0, 1],
  ])
  assert.deepEqual(paddingOf('3x3', 7, { pad: 'tf', stride: 2 }), [
    [1, 1],
    [1, 1],
  ])
  assert.deepEqual(paddingOf('7x7', 224, { pad: 'tf', stride: 2 }), [
    [2, 3],
    [2, 3],
  ])
  assert.deepEqual(paddingOf('1x1', 8, { pad: 'tf', stride: 2 }), [
    [0, 0],
    [0, 0],
  ])
  assert.deepEqual(windowOver(5, 9, '1x7', { pad: 'valid', stride: 3 }), {
    kernel: [1, 7],
    strides: [3, 3],
    padding: [
      [0, 0],
      [0, 0],
    ],
  })
})

test('ceil pads after the map only, as much as the last window that begins in it lacks', () => {
  for (const [size, after] of [
    [112, 1],
    [113, 0],
    [7, 0],
    [4, 1],
    [3, 0],
  ] as const)
    assert.deepEqual(windowOver(size, size, '3x3', { pad: 'ceil', stride: 2 }).padding, [
      [0, after],
      [0, after],
    ])
})

test('a map of one place keeps what follows the last pool a map, until it is a row', () => {
  const { y, root, x, names, ops } = run(chain(globalAvgMap, normalisedDense(10), flatten), { width: 0.5 })
  assert.deepEqual(y.shape, [2, 10])
  assert.equal(root.pooled, x)
  assert.deepEqual(
    names.map(name => name.replace(/^.*?\.b_dense\./, '')),
    ['weights', 'norm.scale', 'norm.shift', 'norm.mean', 'norm.variance'],
  )
  assert.equal(ops.filter(op => op === 'relu').length, 0)
  assert.ok(run(globalAvgMap, { extraNorm: 'last' }).names.length > 0)
})

test('same keeps a map’s size and tf halves it, rounding up', () => {
  for (const size of [1, 2, 7, 8, 35]) {
    const shape = [1, 3, size, size]
    assert.deepEqual(run(conv('5x5', 8), {}, shape).y.shape, [1, 8, size, size])
    const half = Math.ceil(size / 2)
    assert.deepEqual(run(conv('3x3', 8, { pad: 'tf', stride: 2 }), {}, shape).y.shape, [1, 8, half, half])
    assert.deepEqual(run(maxPool('3x3', { pad: 'tf', stride: 2 }), {}, shape).y.shape, [1, 3, half, half])
  }
})

test('an unmarked convolution has weights, a norm and a ReLU, and no bias', () => {
  const { names, ops } = run(conv('3x3', 8))
  assert.deepEqual(names, [
    'here.weights',
    'here.norm.scale',
    'here.norm.shift',
    'here.norm.mean',
    'here.norm.variance',
  ])
  assert.deepEqual(
    ops.filter(name => name !== 'variable'),
    ['input', 'convolution', 'batchNormInference', 'relu'],
  )
  assert.deepEqual(run(conv('3x3', 8), { norm: { epsilon: 1e-3, scale: false, synchronised: false } }).names, [
    'here.weights',
    'here.norm.shift',
    'here.norm.mean',
    'here.norm.variance',
  ])
})

test('a linear one has weights and bias only, and marks combine', () => {
  const { names, ops } = run(conv('1x1', 8, Linear))
  assert.deepEqual(names, ['here.weights', 'here.bias'])
  assert.deepEqual(
    ops.filter(name => name !== 'variable'),
    ['input', 'convolution'],
  )
  assert.deepEqual(run(conv('1x1', 8, { norm: false })).ops.at(-1), 'relu')
  assert.ok(run(conv('1x1', 8, { bias: true })).names.includes('here.bias'))
  assert.deepEqual(run(conv('1x1', 8, { act: false })).ops.at(-1), 'batchNormInference')
})

test('a depthwise convolution keeps channels apart, whatever the width', () => {
  const { y, graph, names, variables } = run(depthwise('7x7', 8, { pad: 'tf', stride: 2 }), { width: 0.25 })
  assert.deepEqual(y.shape, [2, 48, 5, 5])
  assert.deepEqual(names, ['here.weights'])
  assert.deepEqual(variables[0]!.shape, [48, 1, 7, 7])
  const node = graph.nodes.find(({ op }) => op.name === 'convolution')!
  assert.equal((node.attrs as Convolution).groups, 6)
})

test('width scales filters to multiples of 8, and neither classes nor expansions', () => {
  const channels = (filters: number, width: number) => run(conv('1x1', filters), { width }).y.shape[1]
  assert.deepEqual([channels(96, 0.5), channels(80, 0.25), channels(8, 0.1), channels(32, 1.5)], [48, 24, 8, 48])
  assert.equal(channels(5, 1), 5)
  const head = chain(globalAvgPool, dense(7))
  assert.deepEqual(run(head, { width: 0.5 }).y.shape, [2, 7])
  assert.deepEqual(run(residual({ scale: 0.1 }, conv('1x1', 64)), { width: 0.5 }).y.shape, [2, 6, 9, 9])
})

test('children are named by letter and kernel, branches by number, stages by their own name', () => {
  const block = branches(
    [conv('1x1', 8), conv('1x7', 8)],
    [avgPool('3x3'), conv('1x1', 8)],
    [branches([conv('3x1', 8)])],
  )
  const { names, root } = run(named({ mixed: block, twice: repeat(2, conv('1x1', 8)) }))
  assert.deepEqual(
    names.filter(name => name.endsWith('weights')),
    [
      'here.mixed.branch_0.a_1x1.weights',
      'here.mixed.branch_0.b_1x7.weights',
      'here.mixed.branch_1.b_1x1.weights',
      'here.mixed.branch_2.a_fork.branch_0.a_3x1.weights',
      'here.twice.0.weights',
      'here.twice.1.weights',
    ],
  )
  assert.deepEqual([...root.endpoints.keys()], ['here.mixed', 'here.twice.0', 'here.twice.1', 'here.twice'])
})

test('a residual block adds its scaled expansion, and its shape is its input’s', () => {
  const { graph, y } = run(residual({ scale: 0.17 }, conv('3x3', 16)))
  const sum = graph.nodes.find(({ op }) => op.name === 'residualAdd')!
  assert.deepEqual(sum.attrs, { scale: 0.17, relu: false })
  assert.equal(sum.inputs.src, graph.nodes[0]!.outputs.dst)
  assert.equal((sum.inputs.residual as Value).node.scope, 'here.expand')
  assert.equal(y.node.op.name, 'relu')
  assert.equal(run(residual({ scale: 0.17, act: false }, conv('3x3', 16))).y.node.op.name, 'residualAdd')
  assert.throws(
    () => run(residual({ scale: 0.1 }, conv('3x3', 16, V))),
    /here: residualAdd: residual body gives 2×6×7×7, input is 2×6×9×9/,
  )
})

test('a residual block is noted with what it adds to what', () => {
  const stage = repeat(2, residual({ scale: 0.17 }, conv('3x3', 16)))
  const { root, x } = run(stage)
  assert.deepEqual([...root.residuals.keys()], ['here.0', 'here.1'])
  const [first, second] = [...root.residuals.values()]
  assert.deepEqual([first!.shortcut, first!.residual.node.scope, first!.scale], [x, 'here.0.expand', 0.17])
  assert.equal(second!.shortcut, root.endpoints.get('here.0'))
  const scaleAt = (residualScale: number) => [...run(stage, { residualScale }).root.residuals.values()][0]!.scale
  assert.deepEqual([scaleAt(0.3), scaleAt(1)], [0.3, 1])
  assert.equal(run(shortcut({}, conv('1x1', 6, { act: false }))).root.residuals.size, 0)
})

test('an extra norm on the sums stands between each residual sum and its ReLU, and nowhere else', () => {
  const block = residual({ scale: 0.17 }, conv('3x3', 16))
  const { y, names, graph } = run(block, { extraNorm: 'sums', mode: 'train' })
  assert.equal(y.node.op.name, 'relu')
  const norm = y.node.inputs.src as Value
  assert.equal(norm.node.op.name, 'batchNorm')
  assert.equal((norm.node.inputs.src as Value).node.op.name, 'residualAdd')
  const extra = ['here.sum_norm.scale', 'here.sum_norm.shift', 'here.sum_norm.mean', 'here.sum_norm.variance']
  const plain = run(block, { mode: 'train' })
  assert.deepEqual(
    names.filter(name => !plain.names.includes(name)),
    extra,
  )
  assert.ok(plain.names.every(name => names.includes(name)))
  assert.equal(graph.nodes.length, plain.graph.nodes.length + extra.length + 1)
  const open = run(residual({ scale: 0.17, act: false }, conv('3x3', 16)), { extraNorm: 'sums' })
  assert.equal(open.y.node.op.name, 'batchNormInference')
  for (const layer of [shortcut({}, conv('1x1', 6, { act: false })), globalAvgPool, conv('3x3', 8)])
    assert.deepEqual(run(layer, { extraNorm: 'sums' }).names, run(layer).names)
})

test('an extra norm on the last layer stands between it and global pooling, and what is looked at before it', () => {
  const head = chain(conv('1x1', 8), globalAvgPool)
  const { names, root, y } = run(head, { extraNorm: 'last', mode: 'train' })
  assert.deepEqual(
    names.filter(name => name.includes('b_pool')),
    ['scale', 'shift', 'mean', 'variance'].map(name => `here.b_pool.norm.${name}`),
  )
  assert.equal((y.node.inputs.src as Value).node.op.name, 'batchNorm')
  assert.equal(root.pooled?.node.op.name, 'relu')
  assert.equal(root.statistics.length, 4)
  const plain = run(head)
  assert.equal(plain.root.pooled, plain.y.node.inputs.src)
  const block = residual({ scale: 0.17 }, conv('3x3', 16))
  assert.deepEqual(run(block, { extraNorm: 'last' }).names, run(block).names)
})

test('a shortcut is the input itself or its projection', () => {
  const body = conv('1x1', 6, { act: false })
  const plain = run(shortcut({}, body)).graph
  const sum = plain.nodes.find(({ op }) => op.name === 'residualAdd')!
  assert.equal(sum.inputs.src, plain.nodes[0]!.outputs.dst)
  const project = conv('1x1', 6, { act: false })
  assert.ok(run(shortcut({ project }, body)).names.includes('here.project.weights'))
})

test('unequal branches are refused with the place and both shapes', () => {
  assert.throws(
    () => run(branches([conv('1x1', 8)], [conv('3x3', 8, V2)])),
    error =>
      error instanceof ShapeError && /^here: concat: branch_1 is 2×8×4×4, branch_0 is 2×8×9×9$/.test(error.message),
  )
})

test('two parameters of one name are refused', () => {
  const twice: Layer = {
    label: 'twice',
    build: (x, at) => {
      at.parameter('weights', [1], { kind: 'constant', value: 0 })
      at.parameter('weights', [1], { kind: 'constant', value: 0 })
      return x
    },
  }
  assert.throws(() => run(twice), /'here\.weights' is declared twice/)
})

test('training has batch statistics and dropout, evaluation running ones and none', () => {
  const net = named({ conv: conv('3x3', 8), pool: globalAvgPool, drop: dropout, logits: dense(3) })
  const training = run(net, { mode: 'train' })
  assert.ok(training.ops.includes('batchNorm') && training.ops.includes('dropout'))
  assert.deepEqual(
    training.root.statistics.map(({ running, batch }) => [variableOf(running)?.name, batch.port]),
    [
      ['here.conv.norm.mean', 'mean'],
      ['here.conv.norm.variance', 'variance'],
    ],
  )
  const evaluation = run(net)
  assert.ok(!evaluation.ops.includes('batchNorm') && !evaluation.ops.includes('dropout'))
  assert.equal(evaluation.root.statistics.length, 0)
  assert.deepEqual(evaluation.names, training.names)
  assert.deepEqual(evaluation.variables, training.variables)
})

test('the features after the last pool are f32 in every precision', () => {
  const graph = new Graph()
  const x = input(graph, { name: 'x', dtype: 'bf16', shape: [2, 6, 3, 3], feed: 'plain' })
  const scope = new Scope(new Root(graph, standard))
  assert.equal(scope.run(conv('1x1', 8), x).dtype, 'bf16')
  assert.equal(new Scope(new Root(graph, standard)).run(chain(conv('1x1', 8), globalAvgPool), x).dtype, 'f32')
  for (const variable of graph.nodes.filter(({ op }) => op.name === 'variable'))
    assert.equal(variable.outputs.dst!.dtype, 'f32')
})

test('first weights come from the network, or from the layer where it says so', () => {
  const initialOf = (layer: Layer, shape?: readonly number[]) =>
    run(layer, {}, shape).variables.find(({ name }) => name.endsWith('weights'))!.initial
  assert.deepEqual(initialOf(conv('3x3', 10)), { kind: 'uniform', limit: Math.sqrt(6 / (54 + 90)) })
  assert.deepEqual(initialOf(conv('3x3', 10, { initial: varianceScaling })), {
    kind: 'truncatedNormal',
    deviation: Math.sqrt(2.6 / 54),
  })
  assert.deepEqual(initialOf(dense(4), [2, 20]), { kind: 'uniform', limit: Math.sqrt(6 / 24) })
  assert.deepEqual(initialOf(dense(4, { initial: truncatedNormal(0.001) }), [2, 20]), {
    kind: 'truncatedNormal',
    deviation: 0.001,
  })
  const own = depthwise('3x3', 2, { initial: truncatedNormal(1) })
  assert.deepEqual(initialOf(own), { kind: 'truncatedNormal', deviation: 1 })
})
