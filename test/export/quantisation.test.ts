import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RandomStream } from '../../src/base/random.js'
import { halved } from '../../src/export/onnx/half-precision.js'
import { Histogram } from '../../src/export/onnx/histogram.js'
import { quantisable, quantised } from '../../src/export/onnx/quantisation.js'
import { checkModel } from '../../src/formats/onnx/check.js'
import { type OnnxModel, type OnnxNode, tensorOf } from '../../src/formats/onnx/model.js'

const conv = (name: string, inputs: readonly string[]): OnnxNode => ({
  ...{ name, opType: 'Conv', inputs, output: name },
  attributes: {
    kernel_shape: { ints: [1, 1] },
    strides: { ints: [1, 1] },
    pads: { ints: [0, 0, 0, 0] },
    group: { int: 1 },
  },
})

/** relu(conv(x)), pooled and not, joined and convolved again. */
function sample(weights: readonly number[], bias: readonly number[]): OnnxModel {
  const pool = { kernel_shape: { ints: [3, 3] }, strides: { ints: [1, 1] }, pads: { ints: [1, 1, 1, 1] } }
  return {
    producer: { name: 'test', version: '1' },
    description: '',
    metadata: {},
    graph: {
      name: 'sample',
      nodes: [
        conv('c', ['x', 'w', 'b']),
        { name: 'r', opType: 'Relu', inputs: ['c'], output: 'r', attributes: {} },
        { name: 'p', opType: 'MaxPool', inputs: ['r'], output: 'p', attributes: pool },
        { name: 'j', opType: 'Concat', inputs: ['r', 'p'], output: 'j', attributes: { axis: { int: 1 } } },
        conv('y', ['j', 'v']),
      ],
      initializers: [
        tensorOf('w', 'float', [2, 1, 1, 1], weights),
        tensorOf('b', 'float', [2], bias),
        tensorOf('v', 'float', [1, 4, 1, 1], [1, 2, 3, 4]),
      ],
      inputs: [{ name: 'x', type: 'float', shape: ['batch', 1, 4, 4] }],
      outputs: [{ name: 'y', type: 'float', shape: ['batch', 1, 4, 4] }],
      values: new Map(),
    },
  }
}

const ranges = new Map([
  ['x', { low: -1, high: 1.55 }],
  ['r', { low: 0, high: 5.1 }],
  ['j', { low: 0, high: 5.1 }],
])

/** The numbers of an initialiser of the 8-bit model. */
function numbersOf(model: OnnxModel, name: string): number[] {
  const tensor = model.graph.initializers.find(each => each.name === name)!
  const { buffer } = tensor.bytes().slice()
  const arrays = { float: Float32Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array } as const
  return [...new arrays[tensor.type as keyof typeof arrays](buffer)]
}

test('what a ReLU cuts is not held in 8 bits, and what a pool gives has the steps of what it reads', () => {
  const plan = quantisable(sample([1, 1], [0, 0]), new Set())
  assert.deepEqual(plan.measured, ['x', 'r', 'j'])
  assert.deepEqual([...plan.like], [['p', 'r']])
  const twice = sample([1, 1], [0, 0])
  const nodes = twice.graph.nodes.map(node =>
    node.name === 'j' ? { ...node, opType: 'MaxPool', inputs: ['p'] } : node,
  )
  const chained = quantisable({ ...twice, graph: { ...twice.graph, nodes: nodes as OnnxNode[] } }, new Set())
  assert.deepEqual([...chained.like.values()], ['r', 'r'])
  assert.deepEqual(quantisable(sample([1, 1], [0, 0]), new Set(['c'])).measured, ['r', 'j'])
})

test('weights have a scale a filter, the bias those of the product, and zero is exact', () => {
  const model = sample([12.7, -0.254], [3, -1])
  const eight = quantised(model, quantisable(model, new Set()), ranges, new Set())
  checkModel(eight)
  assert.deepEqual(numbersOf(eight, 'w'), [127, -127])
  assert.deepEqual(
    numbersOf(eight, 'w/scale').map(s => s.toPrecision(6)),
    ['0.100000', '0.00200000'],
  )
  assert.deepEqual(
    numbersOf(eight, 'x/scale').map(s => s.toPrecision(6)),
    ['0.0100000'],
  )
  assert.deepEqual(numbersOf(eight, 'x/zero_point'), [100])
  assert.deepEqual(numbersOf(eight, 'r/zero_point'), [0])
  assert.deepEqual(numbersOf(eight, 'p/scale'), numbersOf(eight, 'r/scale'))
  assert.deepEqual(numbersOf(eight, 'b'), [3000, -50_000])
})

test('a filter of zeros, or of next to nothing, keeps its bias', () => {
  const model = sample([0, 1e-30], [7, -3])
  const eight = quantised(model, quantisable(model, new Set()), ranges, new Set())
  const [steps, scales] = [numbersOf(eight, 'b'), numbersOf(eight, 'b/scale')]
  for (const [i, wanted] of [7, -3].entries()) assert.ok(Math.abs(steps[i]! * scales[i]! - wanted) < 1e-5)
})

test('an activation that was zero throughout can still be divided', () => {
  const model = sample([1, 1], [0, 0])
  const none = new Map([...ranges, ['r', { low: 0, high: 0 }]])
  const eight = quantised(model, quantisable(model, new Set()), none, new Set())
  assert.deepEqual([numbersOf(eight, 'r/scale'), numbersOf(eight, 'r/zero_point')], [[1], [0]])
})

test('numbers that half precision cannot hold are named', () => {
  const { graph } = halved(sample([1, 65520], [0, 0]))
  assert.throws(() => graph.initializers[0]!.bytes(), /'w' holds 65520, and half precision ends at 65504/)
  checkModel(halved(sample([1, 1], [0, 0])))
})

test('the best range encloses zero, lies within what was seen, and cuts what is rare and far off', () => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, noNaN: true, noDefaultInfinity: true }), numbers => {
      const histogram = new Histogram()
      histogram.add(numbers)
      const { low, high } = histogram.bestRange(255)
      const [least, most] = [Math.min(0, ...numbers), Math.max(0, ...numbers)]
      assert.ok(least <= low && low <= 0 && 0 <= high && high <= most)
    }),
  )
  const random = new RandomStream(1, 'histogram')
  const normals = Float32Array.from({ length: 100_000 }, () => random.normal())
  const histogram = new Histogram()
  histogram.add(normals)
  histogram.add(Float32Array.of(12, Number.NaN, Number.POSITIVE_INFINITY))
  // (12 − h)² + 10⁵ · ((h − l) / 255)² / 12 is least at h = 10.2, for l = −4.3 that is then cut as well.
  const { low, high } = histogram.bestRange(255)
  assert.ok(low > -4.2 && low < -3.5 && Math.abs(high - 10.2) < 0.2, `${low} to ${high}`)
})
