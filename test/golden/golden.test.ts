import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { fnv1a } from '../../src/base/random.js'
import { type Shape, sizeOf } from '../../src/base/shape.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { buildModel } from '../../src/nn/model.js'
import { goldenBnInception } from './bn-inception.js'
import { goldenBnInceptionCaffe } from './bn-inception-caffe.js'
import { checkLogits } from './golden.js'
import { goldenInceptionResnetV1 } from './inception-resnet-v1.js'
import { goldenInceptionResnetV1Facenet } from './inception-resnet-v1-facenet.js'
import { goldenInceptionResnetV2Slim } from './inception-resnet-v2-slim.js'
import { goldenInceptionV3 } from './inception-v3.js'
import { goldenInceptionV3Torch } from './inception-v3-torch.js'
import { goldenInceptionV4 } from './inception-v4.js'
import { readGradientOracle } from './oracle.js'
import { goldenResnet152 } from './resnet-152.js'
import { goldenResnet152Slim } from './resnet-152-slim.js'
import { goldenResnet152V1 } from './resnet-152-v1.js'
import { checksum, hash, type Kind, synthesise, synthesiseImage } from './synthetic.js'

const gains = { conv_in: 2, conv: 0.96, linear: 1 }

/** Checksums of the formula's tensors and images, from the program that made the golden files. */
const tensors: readonly (readonly [string, readonly number[], Kind, number])[] = [
  ['features.0.conv.weight', [32, 3, 3, 3], 'conv_in', 966515954],
  ['features.3.conv.weight', [96, 64, 3, 3], 'conv', 1497270758],
  ['last_linear.weight', [100, 1536], 'linear', 431352010],
  ['x.bias', [999], 'bias', 1123547027],
  ['x.bn.weight', [512], 'bn_weight', 687969842],
  ['x.bn.bias', [512], 'bn_bias', 2710009883],
  ['x.bn.running_mean', [512], 'bn_mean', 1197116222],
  ['x.bn.running_var', [512], 'bn_var', 2217685599],
  ['schlüssel.weight', [7, 5, 1, 7], 'conv', 10014118],
]
const images = [907173317, 662228286, 2733283178, 3233192893, 548324263, 583910323]

test('the formula gives the numbers of the program that made the files', () => {
  assert.deepEqual(['', 'a', 'features.0.conv.weight'].map(fnv1a), [2166136261, 3826002220, 2186649294])
  assert.deepEqual(
    [
      [0, 0],
      [1, 2],
      [4294967295, 123456789],
      [2166136261, 4294967295],
    ].map(([seed, i]) => hash(seed!, i!)),
    [0, 2248473637, 1702352847, 3732576410],
  )
  for (const [key, shape, kind, sum] of tensors)
    assert.equal(checksum(new Uint8Array(synthesise(key, shape, kind, gains, 0).buffer)), sum, key)
  for (const [n, sum] of images.entries()) assert.equal(checksum(synthesiseImage(n, 61, 77)), sum, `image ${n}`)
})

test('the offset moves norm shifts and nothing else', () => {
  const [plain, moved] = [0, 2].map(offset => synthesise('x.bn.bias', [64], 'bn_bias', gains, offset))
  for (const [i, value] of plain!.entries()) assert.ok(Math.abs(moved![i]! - value - 2) < 1e-6)
  assert.deepEqual(synthesise('x.bias', [64], 'bias', gains, 2), synthesise('x.bias', [64], 'bias', gains, 0))
})

/** These take plain loops more than two minutes together, and have no op that the others, or facenet's own tests, lack. */
const slow = [
  goldenInceptionV3Torch,
  goldenResnet152,
  goldenResnet152Slim,
  goldenResnet152V1,
  goldenInceptionV3,
  goldenInceptionResnetV2Slim,
  goldenInceptionResnetV1Facenet,
  goldenBnInception,
  goldenBnInceptionCaffe,
]

const withoutOnes = (shape: Shape) => shape.slice(0, shape.findLastIndex(length => length !== 1) + 1)

for (const golden of [goldenInceptionV4, goldenInceptionResnetV1, ...slow]) {
  const { network, oracle, names, stages } = golden
  const model = buildModel(network, { mode: 'eval', batch: 1 })

  test(`${network.id}: the table of names is a bijection that keeps shapes`, () => {
    const ours = new Map(
      model.graph.nodes
        .flatMap(({ outputs }) => Object.values(outputs).map(variableOf))
        .flatMap(variable => (variable ? [[variable.name, variable.shape] as const] : [])),
    )
    const theirs = new Map(oracle.keys.filter(([, , kind]) => kind !== 'bn_count').map(([key, shape]) => [key, shape]))
    assert.deepEqual([...names.keys()].sort(), [...ours.keys()].sort())
    assert.deepEqual([...names.values()].sort(), [...theirs.keys()].sort())
    assert.equal(new Set(names.values()).size, names.size)
    // A dense layer may be a convolution of 1×1 here.
    for (const [our, their] of names)
      assert.deepEqual(withoutOnes(ours.get(our)!), withoutOnes(theirs.get(their)!), our)
    assert.equal(
      model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      oracle.param_count,
    )
  })

  test(`${network.id}: the table of stages is a bijection`, () => {
    assert.deepEqual(Object.values(stages).sort(), oracle.stages.map(({ name }) => name).sort())
    for (const endpoint of Object.keys(stages)) assert.ok(model.endpoints.has(endpoint), endpoint)
  })

  if (!slow.includes(golden))
    test(`${network.id}: logits and stages of one image on the reference backend`, () => {
      checkLogits(createReference(), golden, { images: 1, stages: true })
    })
}

test('the gradient file speaks of the same parameters', () => {
  const { params, buffers_after } = readGradientOracle('inception-v4-grad')
  const keys = [...params, ...buffers_after].map(([key]) => key)
  assert.deepEqual(keys.sort(), [...goldenInceptionV4.names.values()].sort())
})
