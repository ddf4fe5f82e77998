import assert from 'node:assert/strict'
import test from 'node:test'
import { sizeOf } from '../../src/base/shape.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel, type Model, type ModelOptions } from '../../src/nn/model.js'

const parametersOf = ({ parameters }: Model) => parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)

const statisticsOf = ({ graph }: Model) =>
  graph.nodes
    .flatMap(({ outputs }) => Object.values(outputs).map(variableOf))
    .reduce((sum, variable) => sum + (variable?.role === 'statistic' ? sizeOf(variable.shape) : 0), 0)

const multiplyAddsOf = ({ graph }: Model) =>
  graph.nodes.reduce((sum, { op, inputs, outputs, attrs }) => sum + op.cost(inputs, outputs, attrs).multiplyAdds, 0)

const build = (id: string, options: Partial<ModelOptions>) =>
  buildModel(findNetwork(id), { mode: 'eval', batch: 1, ...options })

/**
 * Derived by hand from the layer tables and checked against published totals: parameters without norm scale at the
 * published size of the output and for 1001 classes, statistics, and what norm scales add. For ResNet-152 it gives only
 * the count with scales; the one without follows from half of the statistics. Keras' adds as many biases, and sums all up
 * to 60,419,944.
 */
const published: readonly (readonly [string, number, number, number, number])[] = [
  ['inception-v3', 23_817_352, 23_819_401, 34_432, 17_216],
  ['inception-v4', 42_648_232, 42_649_769, 63_168, 31_584],
  ['inception-resnet-v1', 22_742_808, 22_744_601, 27_040, 13_520],
  ['inception-resnet-v2', 32_417_496, 32_419_641, 32_864, 16_432],
  ['inception-resnet-v2-slim', 55_813_192, 55_814_729, 60_544, 30_272],
  ['inception-v3-torch', 23_817_352, 23_819_401, 34_432, 17_216],
  ['inception-resnet-v1-facenet', 23_467_824, 23_467_824 + (1001 - 512) * 1793, 29_600, 14_800],
  ['inception-resnet-v1-facenet-2017', 22_779_312, 22_779_312 + (1001 - 128) * 1793, 28_832, 14_416],
  ['bn-inception', 11_178_336, 11_179_361, 19_776, 9_888],
  ['bn-inception-caffe', 11_295_240 - 10_016, 11_295_240 - 10_016 + 1_025, 20_032, 10_016],
  ['resnet-152', 60_192_808 - 75_712, 60_192_808 - 75_712 + 2_049, 151_424, 75_712],
  ['resnet-152-v1', 60_419_944 - 151_424 - 75_712, 60_419_944 - 151_424 - 75_712 + 2_049, 151_424, 75_712],
  ['resnet-152-slim', 60_192_808 - 75_712, 60_192_808 - 75_712 + 2_049, 151_424, 75_712],
]

for (const [id, thousand, thousandAndOne, statistics, scales] of published)
  test(`${id} has the published number of parameters and statistics`, () => {
    const plain = build(id, { normScale: false })
    assert.equal(parametersOf(plain), thousand)
    assert.equal(statisticsOf(plain), statistics)
    assert.equal(parametersOf(build(id, { normScale: false, classes: 1001 })), thousandAndOne)
    const scaled = build(id, {})
    assert.equal(parametersOf(scaled), thousand + scales)
    assert.equal(statisticsOf(scaled), statistics)
    const training = build(id, { mode: 'train', auxiliary: false })
    assert.equal(parametersOf(training), thousand + scales)
    assert.equal(statisticsOf(training), statistics)
    assert.equal(
      training.statistics.length * 2,
      scaled.parameters.filter(p => variableOf(p)!.name.endsWith('.norm.shift')).length * 4,
    )
  })

/** With the auxiliary head: 1000 and 1001 classes without norm scale, then 1000 with it. */
const publishedWithHead: readonly (readonly [string, number, number, number])[] = [
  ['inception-v3', 27_143_152, 27_145_970, 27_161_264],
  ['inception-v4', 46_006_800, 46_009_106, 46_039_280],
  ['inception-resnet-v1', 26_084_992, 26_087_554, 26_084_992 + 13_520 + 896],
  ['inception-resnet-v2', 35_792_448, 35_795_362, 35_792_448 + 16_432 + 896],
  ['inception-resnet-v2-slim', 59_179_952, 59_182_258, 59_211_120],
  ['inception-v3-torch', 27_143_152, 27_145_970, 27_161_264],
]

for (const [id, thousand, thousandAndOne, scaled] of publishedWithHead)
  test(`${id} with its auxiliary head has the published number of parameters`, () => {
    const head = { mode: 'train', auxiliary: true } as const
    const plain = build(id, { ...head, normScale: false })
    assert.equal(parametersOf(plain), thousand)
    assert.equal(parametersOf(build(id, { ...head, normScale: false, classes: 1001 })), thousandAndOne)
    assert.equal(parametersOf(build(id, head)), scaled)
    assert.equal(statisticsOf(plain) - statisticsOf(build(id, {})), 1_792)
    assert.deepEqual(plain.auxiliaryLogits?.shape, [1, 1000])
  })

/** What batch norm adds on every residual sum, by the blocks' channels, and on the last layer. */
const extraNorms: readonly (readonly [string, number, number])[] = [
  ['inception-resnet-v1', 5 * 256 + 10 * 896 + 5 * 1792, 1792],
  ['inception-resnet-v2', 5 * 384 + 10 * 1152 + 5 * 2144, 2144],
  ['inception-resnet-v2-slim', 10 * 320 + 20 * 1088 + 10 * 2080, 1536],
  ['inception-v3', 0, 2048],
  ['inception-v3-torch', 0, 2048],
  ['inception-v4', 0, 1536],
  ['inception-resnet-v1-facenet', 5 * 256 + 10 * 896 + 6 * 1792, 1792],
  ['inception-resnet-v1-facenet-2017', 5 * 256 + 10 * 896 + 6 * 1792, 1792],
  ['bn-inception', 0, 1024],
  ['bn-inception-caffe', 0, 1024],
  ['resnet-152', 0, 2048],
  ['resnet-152-v1', 0, 2048],
  ['resnet-152-slim', 0, 2048],
]

for (const [id, sums, last] of extraNorms)
  test(`${id} with an extra norm has its channels more, twice, and as many statistics`, () => {
    const [plain, none] = [build(id, {}), build(id, { extraNorm: 'none' })]
    assert.equal(parametersOf(none), parametersOf(plain))
    for (const [extraNorm, channels] of [
      ['sums', sums],
      ['last', last],
    ] as const) {
      const model = build(id, { extraNorm })
      assert.equal(parametersOf(model) - parametersOf(plain), 2 * channels)
      assert.equal(statisticsOf(model) - statisticsOf(plain), 2 * channels)
      const bare = { normScale: false }
      assert.equal(parametersOf(build(id, { ...bare, extraNorm })) - parametersOf(build(id, bare)), channels)
      assert.equal(multiplyAddsOf(model), multiplyAddsOf(plain))
    }
  })

test('networks without an auxiliary head have none', () => {
  for (const id of [
    'bn-inception',
    'bn-inception-caffe',
    'resnet-152',
    'resnet-152-v1',
    'resnet-152-slim',
    'inception-resnet-v1-facenet',
  ])
    assert.equal(build(id, { mode: 'train', auxiliary: true }).auxiliaryLogits, undefined)
})

test('the auxiliary head is left out of evaluation', () => {
  assert.equal(build('inception-v4', { auxiliary: true }).auxiliaryLogits, undefined)
})

/** One image, main path; the head's are 25·(C·128 + 128·768) + 768·1000 for C channels at its tap. */
const multiplyAdds: readonly (readonly [string, number, number])[] = [
  ['inception-v3', 5_713_216_096, 5_683_200],
  ['inception-v4', 12_253_974_624, 6_502_400],
  ['inception-resnet-v1', 6_206_361_696, 6_092_800],
  ['inception-resnet-v2', 9_257_953_632, 6_912_000],
  ['inception-resnet-v2-slim', 13_155_794_016, 6_707_200],
  ['inception-v3-torch', 5_713_216_096, 5_683_200],
  ['inception-resnet-v1-facenet', 1_416_974_176 + 1792 * (512 - 128), 0],
  ['inception-resnet-v1-facenet-2017', 1_416_974_176, 0],
  ['bn-inception', 1_934_857_216, 0],
  ['bn-inception-caffe', 2_032_600_064, 0],
  ['resnet-152', 11_513_626_624, 0],
  ['resnet-152-v1', 11_282_415_616, 0],
  // A stage's strided last unit, and the first one after it, do at a quarter of the pixels what the row above does at all:
  // 13 + 8 products of two filters' numbers, 64²·56² of each at every stage.
  ['resnet-152-slim', 11_513_626_624 - 3 * (13 + 8) * 0.75 * 64 ** 2 * 56 ** 2, 0],
]

for (const [id, main, head] of multiplyAdds)
  test(`${id} takes the published number of multiply-adds`, () => {
    assert.equal(multiplyAddsOf(build(id, {})), main)
    assert.equal(multiplyAddsOf(build(id, { batch: 3 })), 3 * main)
    assert.equal(multiplyAddsOf(build(id, { mode: 'train', auxiliary: true })), main + head)
  })
