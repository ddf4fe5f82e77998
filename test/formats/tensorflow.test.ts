import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { maskedCrc32c } from '../../src/formats/crc32c.js'
import { openTensorflowCheckpoint } from '../../src/formats/tensorflow/checkpoint.js'
import { sliceKey } from '../../src/formats/tensorflow/slice-key.js'
import { mutateTensorflow } from './tensorflow-mutations.js'
import {
  bytesField,
  encodeBlock,
  encodeTable,
  entryMessage,
  fixed32Field,
  floatTensor,
  footer,
  headerMessage,
  keyOf,
  numberField,
  type Range,
  restartPoints,
  sealBlock,
  shapeMessage,
  slicedItems,
  sliceMessage,
  type TableItem,
  type TableStyle,
  varint,
  type WrittenTensor,
  writeBundle,
  writeSliced,
} from './tensorflow-writer.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tensorflow-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

const floatType = 1

function load(file: string) {
  using checkpoint = openTensorflowCheckpoint(file)
  return new Map(
    [...checkpoint.tensors.values()].map(({ name, dtype, shape }) => [
      name,
      { dtype, shape, bytes: [...checkpoint.read(name)] },
    ]),
  )
}

function floats(file: string, name: string): number[] {
  using checkpoint = openTensorflowCheckpoint(file)
  return [...new Float32Array(checkpoint.read(name).buffer)]
}

/** What is thrown names `file` and the reason in one line. */
function refuses(run: () => unknown, file: string, reason: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof UserError, `${error instanceof Error ? error.stack : error}`)
    assert.match(error.message, reason)
    assert.ok(error.message.includes(file) && !error.message.includes('\n') && error.message.length < 600)
    return true
  })
}

const littleEndian = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)

const whole = (name: string, shape: readonly number[], values: readonly number[]): WrittenTensor => ({
  name,
  dataType: floatType,
  shape,
  slices: [{ ranges: shape.map(() => undefined), data: floatTensor(values) }],
})

/** The rows of a 4 × 2 variable, in two parts. */
const parted = (encode: (values: readonly number[]) => Uint8Array): WrittenTensor => ({
  name: 'net/embedding',
  dataType: floatType,
  shape: [4, 2],
  slices: [
    { ranges: [[0, 1], undefined], data: encode([1, 2]) },
    { ranges: [[1, 3], undefined], data: encode([3, 4, 5, 6, 7, 8]) },
  ],
})

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

const bundled: readonly WrittenTensor[] = [
  { ...whole('a/kernel', [2, 2], []), slices: [{ ranges: [undefined, undefined], data: littleEndian([1, 2, 3, 4]) }] },
  parted(littleEndian),
  { name: 'none', dataType: 2, shape: [0, 3], slices: [{ ranges: [undefined, undefined], data: new Uint8Array() }] },
  {
    name: '_CHECKPOINTABLE_OBJECT_GRAPH',
    dataType: 7,
    shape: [],
    slices: [{ ranges: [], data: Buffer.from('\x03abc') }],
  },
]

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

/** A table whose only block of entries, and whose index, are what is given. */
function tableOf(block: Uint8Array, index: (handle: Buffer) => Uint8Array, handles?: Uint8Array): Buffer {
  const sealed = sealBlock(block, 0)
  const named = sealBlock(index(Buffer.concat([varint(0), varint(block.length)])), 0)
  const at = Buffer.concat([varint(0), varint(0), varint(sealed.length), varint(named.length - 5)])
  return Buffer.concat([sealed, named, footer(handles ?? at)])
}
const named = (handle: Buffer) => encodeBlock([['z', handle]])

const good = slicedItems([whole('a', [2], [1, 2])])
const list = (...tensors: readonly Uint8Array[]): TableItem[] => [
  ['', bytesField(1, Buffer.concat(tensors.map(tensor => bytesField(1, tensor))))],
]
const listed = (name: string, shape: Uint8Array, ...more: readonly Uint8Array[]) =>
  Buffer.concat([bytesField(1, name), bytesField(2, shape), numberField(3, 1), ...more])
const record = (name: string, ranges: readonly Range[], data: Uint8Array): TableItem => [
  keyOf(name, ranges),
  bytesField(2, Buffer.concat([bytesField(1, name), bytesField(2, sliceMessage(ranges)), bytesField(3, data)])),
]
const cut = (name: string, shape: readonly number[], ...parts: readonly (readonly Range[])[]): TableItem[] => [
  ...list(listed(name, shapeMessage(shape), ...parts.map(ranges => bytesField(4, sliceMessage(ranges))))),
  ...parts.map(ranges =>
    record(
      name,
      ranges,
      floatTensor(new Array(ranges.reduce((n, range, i) => n * (range?.[1] ?? shape[i]!), 1)).fill(1)),
    ),
  ),
]

const hostileTables: readonly (readonly [reason: RegExp, file: Uint8Array])[] = [
  [/no TensorFlow checkpoint/, Buffer.alloc(0)],
  [/no TensorFlow checkpoint/, Buffer.alloc(47)],
  [/no TensorFlow checkpoint/, Buffer.alloc(200)],
  [/no TensorFlow checkpoint.*unpack an archive/, Buffer.from('1f8b0800'.repeat(30), 'hex')],
  [/place of a block is damaged/, tableOf(encodeBlock(good), named, Buffer.alloc(40, 0xff))],
  [
    /block beyond its end/,
    tableOf(encodeBlock(good), named, Buffer.concat([varint(0), varint(0), varint(2 ** 40), varint(5)])),
  ],
  [
    /block beyond its end/,
    tableOf(encodeBlock(good), named, Buffer.concat([varint(0), varint(0), varint(0), varint(2n ** 64n - 1n)])),
  ],
  [
    /block beyond its end/,
    tableOf(encodeBlock(good), () => encodeBlock([['z', Buffer.concat([varint(2n ** 63n), varint(2n ** 63n)])]])),
  ],
  [
    /index has a damaged entry/,
    tableOf(encodeBlock(good), handle => encodeBlock([['z', Buffer.concat([handle, Buffer.of(0)])]])),
  ],
  [/place of a block is damaged/, tableOf(encodeBlock(good), () => encodeBlock([['z', Buffer.of(0x80)]]))],
  [
    /block twice or out of order/,
    tableOf(encodeBlock(good), handle =>
      encodeBlock([
        ['y', handle],
        ['z', handle],
      ]),
    ),
  ],
  [/index does not fit/, tableOf(encodeBlock(good), handle => encodeBlock([['\0', handle]]))],
  [/holds nothing/, tableOf(encodeBlock([]), named)],
  [/holds nothing/, tableOf(encodeBlock([]), () => encodeBlock([]))],
  [/block is too short/, tableOf(Buffer.alloc(3), named)],
  [/impossible number of restart points/, tableOf(restartPoints([]), named)],
  [/impossible number of restart points/, tableOf(Buffer.from('ffffffff', 'hex'), named)],
  [/impossible number of restart points/, tableOf(Buffer.from('00000040', 'hex'), named)],
  [/restart point that names no entry/, tableOf(restartPoints([0, 0]), named)],
  [/restart point that names no entry/, tableOf(restartPoints([4]), named)],
  [
    /restart point that names no entry/,
    tableOf(Buffer.concat([encodeBlock(good).subarray(0, -8), restartPoints([0, 1])]), named),
  ],
  [
    /restart point that names no entry/,
    tableOf(Buffer.concat([encodeBlock(good).subarray(0, -8), restartPoints([2 ** 31])]), named),
  ],
  [
    /entry that needs the one before/,
    tableOf(
      Buffer.concat([
        Buffer.of(0, 0, good[0]![1].length),
        good[0]![1],
        Buffer.of(1, 1, 0, 98),
        restartPoints([0, good[0]![1].length + 3]),
      ]),
      named,
    ),
  ],
  [/damaged entry/, tableOf(Buffer.concat([Buffer.alloc(12, 0xff), restartPoints([0])]), named)],
  [/entry beyond its end/, tableOf(Buffer.concat([Buffer.of(0, 100, 0, 97), restartPoints([0])]), named)],
  [/entry that needs the one before/, tableOf(Buffer.concat([Buffer.of(1, 1, 0, 97), restartPoints([0])]), named)],
  [
    /entry beyond its end/,
    tableOf(Buffer.concat([Buffer.of(0), varint(0xffffffff), Buffer.of(0), restartPoints([0])]), named),
  ],
  [/more than 4096 bytes/, encodeTable([...good, ['k'.repeat(5000), Buffer.alloc(0)]])],
  [/not in order, or one is there twice/, encodeTable([good[0]!, good[1]!, good[1]!])],
  [/not in order, or one is there twice/, encodeTable([good[0]!, good[1]!, good[1]!], { entriesPerBlock: 2 })],
  [/not in order, or one is there twice/, encodeTable([good[0]!, ['z', good[1]![1]], good[1]!])],
  [
    /far more bytes than the file/,
    tableOf(
      encodeBlock(
        [
          good[0]!,
          ...Array.from({ length: 200 }, (_, i): TableItem => ['k'.repeat(3000) + String(i + 100), good[1]![1]]),
        ],
        1000,
      ),
      named,
    ),
  ],
  [
    /compressed in an unknown way \(2\)/,
    Buffer.concat([sealBlock(Buffer.alloc(20), 2), footer(Buffer.of(0, 0, 0, 20))]),
  ],
  [/claims 4294967295/, Buffer.concat([sealBlock(Buffer.from('ffffffff0f', 'hex'), 1), footer(Buffer.of(0, 0, 0, 5))])],
  [/claims too many/, Buffer.concat([sealBlock(Buffer.alloc(12, 0xff), 1), footer(Buffer.of(0, 0, 0, 12))])],
  [
    /compressed block is damaged/,
    Buffer.concat([sealBlock(Buffer.from('0800610105', 'hex'), 1), footer(Buffer.of(0, 0, 0, 5))]),
  ],
  [
    /compressed block is damaged/,
    Buffer.concat([sealBlock(Buffer.from('0800610100', 'hex'), 1), footer(Buffer.of(0, 0, 0, 5))]),
  ],
  [
    /compressed block is damaged/,
    Buffer.concat([sealBlock(Buffer.from('08ec61', 'hex'), 1), footer(Buffer.of(0, 0, 0, 3))]),
  ],
  [
    /compressed block is cut short/,
    Buffer.concat([sealBlock(Buffer.from('080061f4', 'hex'), 1), footer(Buffer.of(0, 0, 0, 4))]),
  ],
  [
    /compressed block is cut short/,
    Buffer.concat([sealBlock(Buffer.from('080061', 'hex'), 1), footer(Buffer.of(0, 0, 0, 3))]),
  ],
  [/begin with a list of tensors/, encodeTable(good.slice(1))],
  [/begin with a list of tensors/, encodeTable([['', bytesField(2, '')]])],
  [/impossible field/, encodeTable([['', Buffer.of(0)]])],
  [/impossible field/, encodeTable([['', Buffer.alloc(11, 0xff)]])],
  [/ends within a field/, encodeTable([['', Buffer.of(10)]])],
  [/ends within a field/, encodeTable([['', Buffer.concat([Buffer.of(10), varint(2n ** 64n - 1n)])]])],
  [/ends within a field/, encodeTable([['', Buffer.of(13, 1, 2)]])],
  [/unknown wire type 3/, encodeTable([['', Buffer.of(11)]])],
  [/field 1 is not bytes/, encodeTable([['', numberField(1, 5)]])],
  [/field 1 of a message is there twice/, encodeTable([['', Buffer.concat([good[0]![1], good[0]![1]])]])],
  [/"a" is listed twice/, encodeTable(list(listed('a', shapeMessage([1])), listed('a', shapeMessage([2]))))],
  [/impossible shape/, encodeTable(list(listed('a', shapeMessage([2 ** 32, 2 ** 32]))))],
  [/out of range/, encodeTable(list(listed('a', bytesField(2, numberField(1, -1)))))],
  [/more than 254 axes/, encodeTable(list(listed('a', shapeMessage(new Array(255).fill(1)))))],
  [/has no shape/, encodeTable(list(listed('a', numberField(3, 1))))],
  [/UTF-8/, encodeTable(list(Buffer.from('0a01ff', 'hex')))],
  [/slices of tensor "a" are missing/, encodeTable(list(listed('a', shapeMessage([2]))))],
  [/"b" is not in the list/, encodeTable([...list(), record('b', [undefined], floatTensor([1]))])],
  [/record holds no slice/, encodeTable([...list(), ['b', Buffer.alloc(0)]])],
  [/slices of tensor "a" overlap/, encodeTable(cut('a', [4], [[0, 3]], [[2, 2]]))],
  [/slices of tensor "a" are missing/, encodeTable(cut('a', [4], [[0, 1]], [[2, 2]]))],
  [/empty slice/, encodeTable(cut('a', [4], [[0, 0]], [[0, 4]]))],
  [/lies outside its shape, 4/, encodeTable(cut('a', [4], [[2, 3]]))],
  [/lies outside its shape/, encodeTable(cut('a', [4], [[5, 0]]))],
  [
    /another number of axes/,
    encodeTable(
      cut(
        'a',
        [4],
        [
          [0, 4],
          [0, 1],
        ],
      ),
    ),
  ],
  [
    /not cut as the list of tensors says/,
    encodeTable([cut('a', [4], [[0, 2]], [[2, 2]])[0]!, ...cut('a', [4], [undefined]).slice(1)]),
  ],
  [
    /slice of tensor "a" is cut short/,
    encodeTable([list(listed('a', shapeMessage([1000])))[0]!, record('a', [undefined], floatTensor([1]))]),
  ],
]

test('hostile tables are refused with the file and the reason', () => {
  const file = place('hostile.ckpt')
  for (const [i, [reason, bytes]] of hostileTables.entries()) {
    writeFileSync(file, bytes)
    refuses(() => assert.fail(`case ${i} was read: ${[...load(file).keys()]}`), file, reason)
  }
})

test('slices that hold another number of elements than they say are refused when they are read', () => {
  const file = place('short.ckpt')
  const cases: readonly (readonly [RegExp, Uint8Array])[] = [
    [/slice of 2 elements has 1/, bytesField(5, littleEndian([1]))],
    [/too many elements/, bytesField(5, littleEndian([1, 2, 3]))],
    [/not elements of 4 bytes/, bytesField(5, Buffer.alloc(7))],
    [/not elements of 4 bytes/, numberField(5, 7)],
    [/slice of 8 bytes has 9/, bytesField(4, Buffer.alloc(9))],
    [/slice of 8 bytes has 8/, Buffer.concat([bytesField(5, littleEndian([1])), bytesField(4, Buffer.alloc(8))])],
    [/slice of 2 elements has 0/, bytesField(6, Buffer.alloc(16))],
  ]
  for (const [reason, data] of cases) {
    writeSliced(file, [{ ...whole('v', [2], []), slices: [{ ranges: [undefined], data }] }])
    refuses(() => load(file), file, reason)
  }
})

test('hostile bundles are refused with the file and the reason', () => {
  const prefix = place('bundle')
  const index = `${prefix}.index`
  const data = littleEndian([1, 2, 3, 4])
  const entry = { dataType: 1, shape: [4], length: 16, checksum: maskedCrc32c(data) }
  const sliced = { dataType: 1, shape: [4], slices: [[[0, 2]], [[2, 2]]] } as const
  const cases: readonly (readonly [RegExp, TableItem[]])[] = [
    [/begin with a header/, [['a', entryMessage(entry)]]],
    [/big-endian/, [['', headerMessage(1, 1)]]],
    [/format 2, which cannot be read/, [['', headerMessage(1, 0, 2)]]],
    [
      /data file 1 of 1/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, shard: 1 })],
      ],
    ],
    [
      /no such file/,
      [
        ['', headerMessage(2)],
        ['a', entryMessage(entry)],
      ],
    ],
    [
      /no such file/,
      [
        ['', headerMessage(10 ** 9)],
        ['a', entryMessage({ ...entry, shard: 10 ** 9 - 1 })],
      ],
    ],
    [
      /has 16 bytes and its index names 17/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, offset: 1 })],
      ],
    ],
    [
      /cut short/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, offset: Number.MAX_SAFE_INTEGER })],
      ],
    ],
    [
      /out of range/,
      [
        ['', headerMessage(1)],
        ['a', numberField(5, 2n ** 64n - 16n)],
      ],
    ],
    [
      /share bytes/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage(entry)],
        ['b', entryMessage(entry)],
      ],
    ],
    [
      /16 bytes, which is not what its shape, 5, needs/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, shape: [5] })],
      ],
    ],
    [
      /impossible shape/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, shape: [2 ** 52, 2 ** 52] })],
      ],
    ],
    [
      /UTF-8/,
      [
        ['', headerMessage(1)],
        [Buffer.of(0xff), entryMessage(entry)],
      ],
    ],
    [
      /a slice of tensor "a" is missing/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage(sliced)],
      ],
    ],
    [
      /another type or shape/,
      [
        ['', headerMessage(1)],
        [keyOf('a', [[0, 2]]), entryMessage({ ...entry, shape: [3], length: 12 })],
        [keyOf('a', [[2, 2]]), entryMessage({ ...entry, shape: [2], length: 8, offset: 8 })],
        ['a', entryMessage(sliced)],
      ],
    ],
    [
      /tensor "a" fails its checksum/,
      [
        ['', headerMessage(1)],
        ['a', entryMessage({ ...entry, checksum: 1 })],
      ],
    ],
  ]
  writeFileSync(`${prefix}.data-00000-of-00001`, data)
  for (const [reason, items] of cases) {
    writeFileSync(index, encodeTable(items))
    refuses(() => load(prefix), prefix, reason)
  }
})

test('a bundle whose data is cut short or changed is refused', () => {
  const prefix = place('damaged')
  writeBundle(prefix, bundled, 2)
  const shard = `${prefix}.data-00000-of-00002`
  const bytes = readFileSync(shard)
  writeFileSync(shard, Buffer.from(bytes).fill(9, 2, 3))
  refuses(() => load(prefix), shard, /fails its checksum/)
  truncateSync(shard, 3)
  refuses(() => load(prefix), shard, /cut short/)
  rmSync(shard)
  refuses(() => load(prefix), shard, /no such file/)
})

test('mutated checkpoints read as an error or as well-formed ones, whole or below their checksums', () => {
  const outcomes = mutateTensorflow(place('mutated'), 1800, new RandomStream(5, 'tensorflow'))
  assert.ok(outcomes.refused > 900 && outcomes.read > 200, JSON.stringify(outcomes))
})

test('missing and special files are refused', () => {
  refuses(() => openTensorflowCheckpoint(place('missing')), 'missing', /no such file/)
  refuses(() => openTensorflowCheckpoint(folder), folder, /not a regular file/)
})

test('a decompressed block may not be far larger than the file', () => {
  const bomb = Buffer.concat([varint(2 ** 21), Buffer.of(0, 97), Buffer.alloc(98_304, Buffer.of((63 << 2) | 2, 1, 0))])
  const file = place('bomb.ckpt')
  writeFileSync(
    file,
    Buffer.concat([sealBlock(bomb, 1), footer(Buffer.concat([Buffer.of(0, 0, 0), varint(bomb.length)]))]),
  )
  refuses(() => load(file), file, /claims 2097152/)
})
