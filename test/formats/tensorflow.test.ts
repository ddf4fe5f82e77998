import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { RandomStream } from '../../src/base/random.js'
import { openTensorflowCheckpoint } from '../../src/formats/tensorflow/checkpoint.js'
import { sliceKey } from '../../src/formats/tensorflow/slice-key.js'
import { mutateTensorflow } from './tensorflow-mutations.js'
import { bundled, floats, floatType, littleEndian, load, parted, refuses, whole } from './tensorflow-samples.js'
import {
  bytesField,
  fixed32Field,
  floatTensor,
  numberField,
  type Range,
  type TableStyle,
  varint,
  type WrittenTensor,
  writeBundle,
  writeSliced,
} from './tensorflow-writer.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tensorflow-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

const network = [
  whole('InceptionV4/Conv2d_1a_3x3/weights', [1, 2, 3], [1, 2, 3, 4, 5, 6]),
  whole('InceptionV4/Conv2d_1a_3x3/BatchNorm/beta', [3], [0.5, -0.5, Number.POSITIVE_INFINITY]),
  parted(floatTensor),
  { name: 'names', dataType: 7, shape: [1], slices: [{ ranges: [undefined], data: bytesField(8, 'text') }] },
  { name: 'global_step', dataType: 9, shape: [], slices: [{ ranges: [], data: bytesField(10, varint(157_585)) }] },
] as const

const styles: readonly TableStyle[] = [
  {},
  { snappy: true },
  { entriesPerBlock: 1 },
  { snappy: true, entriesPerBlock: 100 },
]

test('a checkpoint of one file is read, with slices put together, compressed or not', () => {
  for (const style of styles) {
    const file = place('model.ckpt')
    writeSliced(file, network, style)
    using checkpoint = openTensorflowCheckpoint(file)
    assert.deepEqual(
      [...checkpoint.tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape]),
      [
        ['InceptionV4/Conv2d_1a_3x3/weights', 'F32', [1, 2, 3]],
        ['InceptionV4/Conv2d_1a_3x3/BatchNorm/beta', 'F32', [3]],
        ['net/embedding', 'F32', [4, 2]],
        ['global_step', 'I64', []],
      ],
    )
    assert.deepEqual(checkpoint.others, ['names'])
    assert.deepEqual(floats(file, 'net/embedding'), [1, 2, 3, 4, 5, 6, 7, 8])
    assert.deepEqual(floats(file, network[1].name), [0.5, -0.5, Number.POSITIVE_INFINITY])
    assert.equal(new BigInt64Array(checkpoint.read('global_step').buffer)[0], 157_585n)
    refuses(
      () => checkpoint.read('InceptionV4/Conv2d_1a_3x3/weight'),
      file,
      /did you mean "InceptionV4\/Conv2d_1a_3x3\/weights"/,
    )
    refuses(() => checkpoint.read('names'), file, /has no tensor/)
  }
})

test('a bundle of two data files is read, by its prefix or any of its files', () => {
  for (const style of styles) {
    const prefix = place('model.ckpt-7')
    writeBundle(prefix, bundled, 2, style)
    for (const name of [prefix, `${prefix}.index`, `${prefix}.data-00001-of-00002`, `${prefix}.meta`]) {
      assert.deepEqual(floats(name, 'a/kernel'), [1, 2, 3, 4])
      assert.deepEqual(floats(name, 'net/embedding'), [1, 2, 3, 4, 5, 6, 7, 8])
      assert.deepEqual(floats(name, 'none'), [])
      using checkpoint = openTensorflowCheckpoint(name)
      assert.deepEqual(checkpoint.others, ['_CHECKPOINTABLE_OBJECT_GRAPH'])
      assert.equal(checkpoint.tensors.size, 3)
    }
  }
})

test('what TensorFlow itself wrote is read', () => {
  const fixture = (name: string) =>
    fileURLToPath(new URL(`../../../test/formats/fixtures/tensorflow/${name}`, import.meta.url))
  const ramp = (start: number, length: number) => littleEndian(Array.from({ length }, (_, i) => start + i))
  const expected = new Map<string, [dtype: string, shape: readonly number[], bytes: Uint8Array]>([
    ['double', ['F64', [2], new Uint8Array(Float64Array.of(0.1, -7).buffer)]],
    ['flags', ['BOOL', [2], Uint8Array.of(1, 0)]],
    ['global_step', ['I64', [], new Uint8Array(BigInt64Array.of(157_585n).buffer)]],
    ['half', ['F16', [2], new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer)]],
    ['ints', ['I32', [2], new Uint8Array(Int32Array.of(-1, 2 ** 31 - 1).buffer)]],
    ['net/conv/BatchNorm/beta', ['F32', [4], ramp(-2.5, 4)]],
    ['net/conv/weights', ['F32', [3, 3, 2, 4], ramp(0, 72)]],
    ['net/table', ['F32', [5, 3], ramp(7, 15)]],
  ])
  const plain = [...expected].map(([name, [dtype, shape, bytes]]) => [name, { dtype, shape, bytes: [...bytes] }])
  assert.deepEqual([...load(fixture('v1.ckpt'))], plain)
  assert.deepEqual([...load(fixture('v2.ckpt'))], plain)
  using objects = openTensorflowCheckpoint(fixture('v2obj'))
  assert.deepEqual(objects.others, ['_CHECKPOINTABLE_OBJECT_GRAPH'])
  assert.deepEqual([...objects.read('w/.ATTRIBUTES/VARIABLE_VALUE')], [...ramp(0, 6)])
})

test('elements are read from the list of their type, packed or one by one, and from tensor_content', () => {
  const words = (...values: readonly (number | bigint)[]) => Buffer.concat(values.map(varint))
  const cases: readonly (readonly [dataType: number, data: Uint8Array, expected: Uint8Array])[] = [
    [1, Buffer.concat([fixed32Field(5, 0x3f800000), fixed32Field(5, 0xc0000000)]), littleEndian([1, -2])],
    [1, bytesField(4, littleEndian([3, 4])), littleEndian([3, 4])],
    [
      2,
      bytesField(6, new Uint8Array(Float64Array.of(0.1, -7).buffer)),
      new Uint8Array(Float64Array.of(0.1, -7).buffer),
    ],
    [3, bytesField(7, words(-1, 2 ** 31 - 1)), new Uint8Array(Int32Array.of(-1, 2 ** 31 - 1).buffer)],
    [3, Buffer.concat([numberField(7, -5), numberField(7, 6)]), new Uint8Array(Int32Array.of(-5, 6).buffer)],
    [4, bytesField(7, words(0, 255)), Uint8Array.of(0, 255)],
    [5, bytesField(7, words(-300, 300)), new Uint8Array(Int16Array.of(-300, 300).buffer)],
    [6, bytesField(7, words(-128, 127)), new Uint8Array(Int8Array.of(-128, 127).buffer)],
    [
      9,
      bytesField(10, words(-(2n ** 63n), 2n ** 63n - 1n)),
      new Uint8Array(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n).buffer),
    ],
    [10, bytesField(11, words(1, 0)), Uint8Array.of(1, 0)],
    [14, bytesField(13, words(0x3f80, 0xc000)), new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer)],
    [17, bytesField(7, words(1, 65535)), new Uint8Array(Uint16Array.of(1, 65535).buffer)],
    [19, bytesField(13, words(0x3c00, 0xc000)), new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer)],
    [22, bytesField(16, words(1, 2 ** 32 - 1)), new Uint8Array(Uint32Array.of(1, 2 ** 32 - 1).buffer)],
    [23, bytesField(17, words(1, 2n ** 64n - 1n)), new Uint8Array(BigUint64Array.of(1n, 2n ** 64n - 1n).buffer)],
  ]
  const file = place('types.ckpt')
  for (const [dataType, data, expected] of cases) {
    writeSliced(file, [{ name: 'v', dataType, shape: [2], slices: [{ ranges: [undefined], data }] }])
    assert.deepEqual(load(file).get('v')?.bytes, [...expected], `type ${dataType}`)
  }
})

test('the key of a slice is encoded as TensorFlow encodes it', () => {
  // The numbers are those of the comments in ordered_code.cc.
  const key = (start: number, length?: number) => sliceKey('a\0\xff', [{ start, length }]).toString('hex')
  const name = '00' + '61' + '00ff' + 'c3bf' + '0001' + '0101'
  assert.equal(key(0), `${name}807f`)
  assert.equal(key(0x424242, 63), `${name}f0424242bf`)
  assert.equal(key(64, 8191), `${name}c040dfff`)
  assert.equal(key(8192, 2 ** 53 - 1), `${name}e02000ff1fffffffffffff`)
})

/** A tensor cut at places of its own along one axis, or not at all. */
const someTensor = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
    axis: fc.nat(3),
    second: fc.nat(3),
    cut: fc.nat(3),
    base: fc.integer({ min: -1000, max: 1000 }),
  })
  .map(({ shape, axis, second, cut, base }) => {
    const size = shape.reduce((n, length) => n * length, 1)
    const values = Array.from({ length: size }, (_, i) => base + i)
    const cuts = [axis, second].filter((a, i, all) => a < shape.length && all.indexOf(a) === i)
    let parts: (readonly Range[])[] = [shape.map(() => undefined)]
    for (const along of cuts) {
      const length = shape[along]!
      const at = cut % length
      if (at === 0) continue
      parts = parts.flatMap(ranges => [ranges.with(along, [0, at]), ranges.with(along, [at, length - at])])
    }
    return { shape, values, parts }
  })

/** The elements of a part, by counting through the whole tensor. */
function partOf(shape: readonly number[], values: readonly number[], ranges: readonly Range[]): number[] {
  return values.filter((_, i) => {
    let rest = i
    return [...shape.keys()].reverse().every(axis => {
      const at = rest % shape[axis]!
      rest = Math.floor(rest / shape[axis]!)
      const range = ranges[axis]
      return range === undefined || (at >= range[0] && at < range[0] + range[1])
    })
  })
}

test('every set of tensors, cut in any way, survives the way to either kind of checkpoint and back', () => {
  const tensorName = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter(text => !/\p{Surrogate}/u.test(text) && !text.startsWith('\0'))
  const settings = fc.record({
    snappy: fc.boolean(),
    entriesPerBlock: fc.integer({ min: 1, max: 40 }),
    shards: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(fc.dictionary(tensorName, someTensor, { maxKeys: 8 }), settings, (tensors, { shards, ...style }) => {
      const written = (encode: (values: readonly number[]) => Uint8Array): WrittenTensor[] =>
        Object.entries(tensors).map(([name, { shape, values, parts }]) => ({
          name,
          dataType: floatType,
          shape,
          slices: parts.map(ranges => ({ ranges, data: encode(partOf(shape, values, ranges)) })),
        }))
      const expected = new Map(
        Object.entries(tensors).map(([name, { shape, values }]) => [
          name,
          { dtype: 'F32', shape, bytes: [...littleEndian(values)] },
        ]),
      )
      writeSliced(place('any.ckpt'), written(floatTensor), style)
      assert.deepEqual(load(place('any.ckpt')), expected)
      writeBundle(place('any'), written(littleEndian), shards, style)
      assert.deepEqual(load(place('any')), expected)
    }),
    { numRuns: 100 },
  )
})

test('mutated checkpoints read as an error or as well-formed ones, whole or below their checksums', () => {
  const outcomes = mutateTensorflow(place('mutated'), 1800, new RandomStream(5, 'tensorflow'))
  assert.ok(outcomes.refused > 900 && outcomes.read > 200, JSON.stringify(outcomes))
})

test('missing and special files are refused', () => {
  refuses(() => openTensorflowCheckpoint(place('missing')), 'missing', /no such file/)
  refuses(() => openTensorflowCheckpoint(folder), folder, /not a regular file/)
})
