import assert from 'node:assert/strict'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { convolution } from '../../src/graph/ops/convolution.js'
import { dropoutOp } from '../../src/graph/ops/dropout.js'
import { reluOp } from '../../src/graph/ops/relu.js'
import { residualAddOp } from '../../src/graph/ops/residualAdd.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { parseModelSpec } from '../../src/networks/model-spec.js'
import { findNetwork, networks } from '../../src/networks/networks.js'
import { buildModel, leastSize, type Model, type ModelOptions } from '../../src/nn/model.js'

const build = (id: string, options: Partial<ModelOptions> = {}) =>
  buildModel(findNetwork(id), { mode: 'eval', batch: 1, ...options })

const scalesOf = ({ graph }: Model) =>
  graph.nodes.filter(({ op }) => op.name === residualAddOp.name).map(({ attrs }) => (attrs as { scale: number }).scale)

const refuses = (work: () => unknown, message: RegExp) =>
  assert.throws(work, error => {
    assert.ok(error instanceof UserError, String(error))
    assert.match(error.message, message)
    assert.equal(error.exitCode, 2)
    return true
  })

test('the list holds the networks of the design under their ids', () => {
  assert.deepEqual(
    networks.map(({ id }) => id),
    [
      'inception-v3',
      'inception-v4',
      'inception-resnet-v1',
      'inception-resnet-v2',
      'inception-resnet-v2-slim',
      'inception-v3-torch',
      'inception-resnet-v1-facenet',
      'inception-resnet-v1-facenet-2017',
      'bn-inception',
      'bn-inception-caffe',
      'resnet-152',
      'resnet-152-v1',
      'resnet-152-slim',
    ],
  )
})

test('an unknown network is refused with the nearest id', () => {
  refuses(() => findNetwork('inceptoin-v4'), /unknown network 'inceptoin-v4': did you mean 'inception-v4'\?/)
  refuses(() => findNetwork('vgg'), /There are: inception-v3, inception-v4/)
})

const publishedErrors: Readonly<Record<string, readonly [number, number]>> = {
  'inception-v3': [21.2, 5.6],
  'inception-v4': [20.0, 5.0],
  'inception-resnet-v1': [21.3, 5.5],
  'inception-resnet-v2': [19.9, 4.9],
  'inception-resnet-v2-slim': [19.6, 4.7],
  'inception-v3-torch': [22.528, 6.532],
  'bn-inception': [25.2, 7.8],
  'bn-inception-caffe': [26.476, 8.438],
  'resnet-152': [21.67, 5.954],
  'resnet-152-v1': [23.4, 6.9],
  'resnet-152-slim': [23.2, 6.8],
}

test('published single-crop errors are those of the papers and of the releases', () => {
  for (const { id, embedding, published } of networks) {
    assert.deepEqual(published && [published.top1, published.top5], publishedErrors[id], id)
    assert.equal(published === undefined, embedding !== undefined, id)
  }
})

for (const { id } of networks.slice(0, 6)) {
  test(`${id} refuses an image that is too small and names the least size, which builds`, () => {
    refuses(() => build(id, { size: 60 }), /does not fit images of 60×60: the least size is 75$/)
    refuses(() => build(id, { size: 74 }), /the least size is 75$/)
    assert.deepEqual(build(id, { size: 75 }).logits.shape, [1, 1000])
  })

  test(`${id} takes images that are no squares, and refuses one with too short a side`, () => {
    const { images, logits } = build(id, { size: { height: 75, width: 107 }, batch: 2 })
    assert.deepEqual(
      [images.shape, logits.shape],
      [
        [2, 3, 75, 107],
        [2, 1000],
      ],
    )
    const message = /does not fit images of 299×74: the least size is 75$/
    refuses(() => build(id, { size: { height: 74, width: 299 } }), message)
    refuses(() => build(id, { size: { height: 75, width: 1.5 } }), /size 1.5: must be a whole number/)
  })

  test(`${id} with its auxiliary head needs the published size`, () => {
    const head = { mode: 'train', auxiliary: true } as const
    refuses(() => build(id, { ...head, size: 298 }), /with its auxiliary head does not fit .* the least size is 299$/)
    assert.deepEqual(build(id, { ...head, size: 331 }).auxiliaryLogits?.shape, [1, 1000])
    assert.deepEqual(build(id, { ...head, mode: 'eval', size: 75 }).auxiliaryLogits, undefined)
  })
}

test('networks that pad everywhere take any size', () => {
  for (const id of ['bn-inception', 'resnet-152', 'resnet-152-v1', 'resnet-152-slim']) {
    assert.equal(leastSize(findNetwork(id), {}), 1)
    assert.deepEqual(build(id, { size: 1, classes: 7 }).logits.shape, [1, 7])
  }
})

for (const { id } of networks)
  test(`${id} builds at other widths, in training and evaluation`, () => {
    for (const width of [0.25, 0.5, 1.5])
      for (const mode of ['train', 'eval'] as const) {
        const model = build(id, { width, mode, size: 97, classes: 24, batch: 2 })
        assert.deepEqual(model.logits.shape, [2, 24])
        for (const { op, outputs, attrs } of model.graph.nodes)
          if (op.name === convolution.name && (attrs as { groups: number }).groups === 1)
            assert.equal(outputs.dst!.shape[1]! % 8, 0)
      }
  })

test('half the width halves the filters of the first layer', () => {
  assert.deepEqual(build('inception-v4', { width: 0.5 }).endpoints.get('stem.conv_1a')?.shape, [1, 16, 149, 149])
})

test('residual scales are those of the released network', () => {
  const five = (n: number, scale: number) => Array.from({ length: n }, () => scale)
  for (const id of ['inception-resnet-v1', 'inception-resnet-v2'])
    assert.deepEqual(scalesOf(build(id)), [...five(5, 0.17), ...five(10, 0.1), ...five(5, 0.2)])
  assert.deepEqual(scalesOf(build('inception-resnet-v2-slim')), [
    ...five(10, 0.17),
    ...five(20, 0.1),
    ...five(9, 0.2),
    1,
  ])
  for (const id of ['resnet-152', 'resnet-152-v1']) assert.deepEqual(scalesOf(build(id)), five(50, 1))
  for (const id of ['inception-resnet-v1-facenet', 'inception-resnet-v1-facenet-2017'])
    assert.deepEqual(scalesOf(build(id)), [...five(5, 0.17), ...five(10, 0.1), ...five(5, 0.2), 1])
})

test('residualScale takes the place of every scale but those of 1', () => {
  assert.deepEqual(new Set(scalesOf(build('inception-resnet-v1', { residualScale: 0.3 }))), new Set([0.3]))
  assert.deepEqual(new Set(scalesOf(build('inception-resnet-v1', { residualScale: 1 }))), new Set([1]))
  const slim = scalesOf(build('inception-resnet-v2-slim', { residualScale: 0.05 }))
  assert.deepEqual([slim.length, new Set(slim.slice(0, -1)), slim.at(-1)], [40, new Set([0.05]), 1])
  assert.deepEqual(new Set(scalesOf(build('resnet-152', { residualScale: 0.1 }))), new Set([1]))
})

test('an extra norm is part of what a checkpoint must agree on', () => {
  const spec = { network: 'inception-v4', classes: 5, size: 75, width: 1, normScale: true }
  for (const more of [{}, { extraNorm: 'sums' }, { extraNorm: 'last' }, { extraNorm: 'none' }])
    assert.deepEqual(parseModelSpec(JSON.parse(JSON.stringify({ ...spec, ...more })), 'here'), { ...spec, ...more })
  for (const extraNorm of ['first', 3, null, true])
    assert.throws(() => parseModelSpec({ ...spec, extraNorm }, 'here'), /^UserError: here: model\.extraNorm is unknown/)
})

test('a model knows its residual sums and what is pooled', () => {
  const model = build('inception-resnet-v1', { blocks: { a: 2, b: 1, c: 1 }, residualScale: 0.3 })
  assert.deepEqual([...model.residuals.keys()], ['resnet_a.0', 'resnet_a.1', 'resnet_b.0', 'resnet_c.0'])
  for (const { scale } of model.residuals.values()) assert.equal(scale, 0.3)
  assert.equal(model.pooled, model.endpoints.get('resnet_c.0'))
  assert.equal(build('inception-v4').residuals.size, 0)
  for (const { id } of networks) assert.equal(build(id).pooled.shape.length, 4)
})

test('the last block of the released Inception-ResNet-v2 ends without ReLU, the paper’s with one', () => {
  const last = (id: string, endpoint: string) => build(id).endpoints.get(endpoint)!.node.op.name
  assert.equal(last('inception-resnet-v2-slim', 'resnet_c_last'), residualAddOp.name)
  assert.equal(last('inception-resnet-v2-slim', 'resnet_c.8'), reluOp.name)
  assert.equal(last('inception-resnet-v2', 'resnet_c.4'), reluOp.name)
  assert.equal(last('inception-resnet-v1', 'resnet_c.4'), reluOp.name)
  assert.equal(last('inception-resnet-v1-facenet', 'resnet_c_last'), residualAddOp.name)
  assert.equal(last('inception-resnet-v1-facenet', 'resnet_c.4'), reluOp.name)
})

test('block counts can be changed one by one', () => {
  const model = build('inception-resnet-v2-slim', { blocks: { a: 1, b: 2, c: 1 } })
  assert.deepEqual(scalesOf(model), [0.17, 0.1, 0.1, 1])
  assert.deepEqual(model.endpoints.get('resnet_c_last')?.shape, [1, 2080, 8, 8])
  const v4 = build('inception-v4', { blocks: { b: 1 } })
  assert.ok(
    v4.endpoints.has('inception_a.3') && v4.endpoints.has('inception_b.0') && !v4.endpoints.has('inception_b.1'),
  )
  const fewer = { mode: 'train', auxiliary: true, blocks: { b: 2 } } as const
  assert.deepEqual(build('inception-v4', fewer).auxiliaryLogits?.shape, [1, 1000])
  assert.equal(scalesOf(build('resnet-152', { blocks: { conv2: 1, conv3: 1, conv4: 1, conv5: 1 } })).length, 4)
})

test('an unknown block and a count that cannot be are refused', () => {
  refuses(() => build('inception-v4', { blocks: { d: 2 } }), /unknown block of inception-v4 'd': .*There are: a, b, c/)
  refuses(() => build('inception-v3', { blocks: { stem: 2 } }), /unknown block of inception-v3 'stem'/)
  refuses(() => build('inception-v4', { blocks: { a: 0 } }), /blocks\.a 0: must be a whole number of at least 1/)
  refuses(() => build('inception-v4', { blocks: { a: 1.5 } }), /blocks\.a 1\.5/)
})

test('inception-v3 with other counts keeps the released names, repeats the last block, and moves its auxiliary head', () => {
  const model = build('inception-v3', { blocks: { a: 2, b: 5, c: 1 }, mode: 'train', auxiliary: true })
  const stages = [...model.endpoints.keys()].filter(name => name.startsWith('mixed_'))
  const names = ['5b', '5c', '6a', '6b', '6c', '6d', '6e', '6f', '7a', '7b']
  assert.deepEqual(
    stages,
    names.map(name => `mixed_${name}`),
  )
  assert.deepEqual(model.endpoints.get('mixed_6f')?.shape.slice(1), [768, 17, 17])
  assert.ok(model.auxiliaryLogits)
})

test('numbers that cannot be are refused', () => {
  refuses(() => build('inception-v4', { batch: 0 }), /batch 0/)
  refuses(() => build('inception-v4', { classes: Number.NaN }), /classes NaN/)
  refuses(() => build('inception-v4', { size: -299 }), /size -299/)
  for (const width of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    refuses(() => build('inception-v4', { width }), /width/)
  for (const keep of [0, 1.1, Number.NaN]) refuses(() => build('inception-v4', { keep }), /keep/)
  refuses(() => build('inception-resnet-v1', { residualScale: Number.NaN }), /residualScale NaN/)
})

test('dropout is in training graphs only, and not where everything is kept', () => {
  const dropouts = (model: Model) => model.graph.nodes.filter(({ op }) => op.name === dropoutOp.name)
  for (const { id } of networks) {
    assert.equal(dropouts(build(id)).length, 0)
    assert.equal(dropouts(build(id, { mode: 'train', keep: 1 })).length, 0)
    assert.equal(dropouts(build(id, { mode: 'train' })).length, id.startsWith('resnet-152') ? 0 : 1)
  }
  const [drop] = dropouts(build('inception-v4', { mode: 'train', seed: 5 }))
  assert.deepEqual(drop?.attrs, { keep: 0.8, seed: 5, first: 0, scope: 'drop' })
})

test('weights decay and nothing else does', () => {
  for (const { id } of networks)
    for (const parameter of build(id).parameters) {
      const { name, decays } = variableOf(parameter)!
      assert.equal(decays, name.endsWith('weights'), name)
    }
})

test('a network’s text can be built twice and gives the same graph', () => {
  const names = (model: Model) => model.parameters.map(parameter => variableOf(parameter)!)
  for (const { id } of networks) assert.deepEqual(names(build(id)), names(build(id)))
})

test('first values follow slim’s recipes', () => {
  const initial = (model: Model, name: string) =>
    variableOf(model.parameters.find(parameter => variableOf(parameter)!.name === name)!)!.initial
  const v3 = build('inception-v3', { mode: 'train', auxiliary: true })
  assert.deepEqual(initial(v3, 'stem.conv_2b.weights'), { kind: 'truncatedNormal', deviation: Math.sqrt(2.6 / 288) })
  assert.deepEqual(initial(v3, 'auxiliary.conv_2a.weights'), { kind: 'truncatedNormal', deviation: 0.01 })
  assert.deepEqual(initial(v3, 'auxiliary.logits.weights'), { kind: 'truncatedNormal', deviation: 0.001 })
  const v4 = build('inception-v4')
  assert.deepEqual(initial(v4, 'stem.conv_1a.weights'), { kind: 'truncatedNormal', deviation: Math.sqrt(2.6 / 27) })
  assert.deepEqual(initial(v4, 'logits.weights'), { kind: 'uniform', limit: Math.sqrt(6 / 2536) })
  const slim = build('inception-resnet-v2-slim')
  assert.deepEqual(initial(slim, 'stem.conv_2b.weights'), { kind: 'uniform', limit: Math.sqrt(6 / (288 + 576)) })
  assert.deepEqual(initial(slim, 'resnet_a.0.expand.bias'), { kind: 'constant', value: 0 })
  const bn = build('bn-inception')
  assert.deepEqual(initial(bn, 'conv_1a.a_7x7.weights'), { kind: 'truncatedNormal', deviation: 1 })
  assert.deepEqual(initial(bn, 'mixed_3b.branch_1.a_1x1.weights'), { kind: 'truncatedNormal', deviation: 0.09 })
  assert.deepEqual(initial(bn, 'mixed_3b.branch_3.b_1x1.weights'), { kind: 'truncatedNormal', deviation: 0.1 })
  assert.deepEqual(initial(bn, 'mixed_3b.branch_0.a_1x1.weights'), {
    kind: 'truncatedNormal',
    deviation: Math.sqrt(2.6 / 192),
  })
  for (const model of [v4, slim]) {
    const variables = model.parameters.map(parameter => variableOf(parameter)!)
    for (const { name, initial: first } of variables.filter(({ name }) => name.includes('.norm.')))
      assert.deepEqual(first, { kind: 'constant', value: name.endsWith('scale') ? 1 : 0 })
  }
})
