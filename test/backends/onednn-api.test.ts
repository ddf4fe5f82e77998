import assert from 'node:assert/strict'
import test from 'node:test'
import { type Api, arg, type BinaryAlgorithm, type Descriptor, type PostOp } from '../../src/backends/onednn/api.js'
import { addressOf, loadLibrary } from '../../src/backends/onednn/library.js'
import { createEngine } from '../../src/backends/onednn/onednn.js'

const library = loadLibrary()

/** Arguments over f32 arrays, which the returned function keeps reachable while it runs the primitive. */
function running(
  api: Api,
  primitive: Parameters<Api['bind']>[1],
  tensors: readonly (readonly [argument: number, descriptor: Descriptor, numbers: Float32Array])[],
) {
  const scratchpad = primitive.layout('scratchpad')
  const own = new Float32Array(api.bytes(scratchpad) / 4 + 16)
  const all = [...tensors, [arg.scratchpad, scratchpad, own] as const]
  const run = api.bind(
    'test',
    primitive,
    all.map(([argument, descriptor, numbers]) => ({ argument, descriptor, address: addressOf(numbers) })),
  )
  run()
  return all
}

if ('reason' in library) test('the interface to oneDNN', { skip: library.reason }, () => {})
else {
  const api = createEngine(library)
  const four = api.describe([1, 4, 1, 1], 'f32', 'acdb')

  test('a layout by name is the layout by the strides it stands for', () => {
    const layouts = [
      ['a', [5], [1]],
      ['ab', [3, 5], [5, 1]],
      ['ba', [3, 5], [1, 3]],
      ['abcd', [2, 3, 5, 7], [105, 35, 7, 1]],
      ['acdb', [2, 3, 5, 7], [105, 1, 21, 3]],
      ['abcde', [2, 3, 5, 7, 11], [1155, 385, 77, 11, 1]],
    ] as const
    for (const [tag, shape, strides] of layouts)
      for (const dtype of ['f32', 'bf16', 's32'] as const)
        assert.ok(api.sameLayout(api.describe(shape, dtype, tag), api.describeStrided(shape, dtype, strides)), tag)
    assert.equal(api.sameLayout(api.describe([2, 3], 'f32', 'ab'), api.describe([2, 3], 'f32', 'ba')), false)
    // 20 channels take two blocks of 16.
    assert.equal(api.bytes(api.describe([1, 20, 3, 3], 'f32', 'aBcd16b')), 4 * 32 * 9)
  })

  test('a view by strides reads and writes between its gaps', () => {
    const dense = api.describe([2, 3], 'f32', 'ab')
    const every = api.describeStrided([2, 3], 'f32', [8, 2])
    const wide = new Float32Array(16)
    running(api, api.reorder({ src: dense, dst: every }), [
      [arg.src, dense, Float32Array.of(1, 2, 3, 4, 5, 6)],
      [arg.dst, every, wide],
    ])
    assert.deepEqual([...wide], [1, 0, 2, 0, 3, 0, 0, 0, 4, 0, 5, 0, 6, 0, 0, 0])
  })

  test('post-ops run in their order, on what the destination held and on another tensor', () => {
    const weights = api.describe([4, 4, 1, 1], 'f32', 'abcd')
    const identity = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0))
    const convolved = (postOps: readonly PostOp[], algorithm: 'direct' | 'auto' = 'direct') => {
      const dst = Float32Array.of(100, 200, 300, 400)
      const window = {
        strides: [1, 1],
        padding: [
          [0, 0],
          [0, 0],
        ],
      } as const
      const primitive = api.convolution({
        propagation: 'inference',
        algorithm,
        window,
        src: four,
        weights,
        dst: four,
        postOps,
      })
      running(api, primitive, [
        [arg.src, four, Float32Array.of(1, -2, 3, -4)],
        [arg.weights, weights, identity],
        [arg.dst, four, dst],
        ...postOps.flatMap(({ kind }, i) =>
          kind === 'binaryAdd' ? [[api.postOpArgument(i), four, Float32Array.of(10, 10, -10, -10)] as const] : [],
        ),
      ])
      // A ReLU may leave a negative zero.
      return Array.from(dst, value => value + 0)
    }
    const add: PostOp = { kind: 'binaryAdd', src: four }
    const linear: PostOp = { kind: 'linear', alpha: 2, beta: 1 }
    assert.deepEqual(convolved([]), [1, -2, 3, -4])
    assert.deepEqual(convolved([], 'auto'), [1, -2, 3, -4])
    assert.deepEqual(convolved([{ kind: 'relu' }]), [1, 0, 3, 0])
    assert.deepEqual(convolved([{ kind: 'sum', scale: 0.5 }]), [51, 98, 153, 196])
    assert.deepEqual(convolved([linear, add, { kind: 'relu' }]), [13, 7, 0, 0])
    assert.deepEqual(convolved([add, linear]), [23, 17, -13, -27])
  })

  test('each binary algorithm computes what it is called', () => {
    const expected: Record<BinaryAlgorithm, number[]> = {
      add: [3, 1, 7, 3],
      sub: [-1, -5, -1, -5],
      mul: [2, -6, 12, -4],
      div: [0.5, -2 / 3, 0.75, -0.25],
      min: [1, -2, 3, -1],
      max: [2, 3, 4, 4],
    }
    for (const [algorithm, values] of Object.entries(expected)) {
      const dst = new Float32Array(4)
      const primitive = api.binary({ algorithm: algorithm as BinaryAlgorithm, src: four, src1: four, dst: four })
      running(api, primitive, [
        [arg.src, four, Float32Array.of(1, -2, 3, -1)],
        [arg.src1, four, Float32Array.of(2, 3, 4, 4)],
        [arg.dst, four, dst],
      ])
      assert.deepEqual([...dst], values.map(Math.fround), algorithm)
    }
  })

  test('a sum weighs its sources', () => {
    const dst = new Float32Array(4)
    running(api, api.sum({ src: [four, four], scales: [1, 0.5], dst: four }), [
      [arg.multipleSrc, four, Float32Array.of(1, 2, 3, 4)],
      [arg.multipleSrc + 1, four, Float32Array.of(2, 2, 2, 2)],
      [arg.dst, four, dst],
    ])
    assert.deepEqual([...dst], [2, 3, 4, 5])
  })

  test('what the library refuses is an error that says which call and why', () => {
    const flat = api.describe([4], 'f32', 'a')
    assert.throws(() => api.matmul({ src: flat, weights: flat, dst: flat }), {
      name: 'OnednnError',
      message: /^oneDNN: matmul: (invalid arguments|unimplemented)$/,
    })
  })
}
