import assert from 'node:assert/strict'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { openSafetensors, type TensorSource, writeSafetensors } from '../../src/formats/safetensors.js'
import { readDamaged } from './damaged-files.js'
import { damagedSafetensors } from './safetensors-corpus.js'

const folder = mkdtempSync(path.join(tmpdir(), 'safetensors-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

/** A file put together by hand: `header` as it stands, then `data`. */
function fixture(header: string | Uint8Array, data: Uint8Array = new Uint8Array(), claimed?: bigint): string {
  const json = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(claimed ?? BigInt(json.length))
  const file = place('fixture.safetensors')
  writeFileSync(file, Buffer.concat([length, json, data]))
  return file
}

function load(file: string) {
  using opened = openSafetensors(file)
  const tensors = [...opened.tensors.values()].map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape,
    bytes: [...opened.read(name)],
  }))
  return { metadata: Object.fromEntries(opened.metadata), tensors }
}

const source = (name: string, values: Float32Array, shape: readonly number[]): TensorSource => ({
  name,
  dtype: 'F32',
  shape,
  bytes: () => new Uint8Array(values.buffer),
})

test('a file put together by hand is read', () => {
  const data = Buffer.alloc(20)
  data.writeFloatLE(1.5, 0)
  data.writeFloatLE(-2, 4)
  data.writeBigInt64LE(-7n, 8)
  data.set([1, 2, 3, 4], 16)
  const file = fixture(
    '{"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"__metadata__":{"format":"pt","\\u00e9":"\\n"},' +
      '"a.w":{"shape":[2,1],"data_offsets":[0,8],"dtype":"F32"},"none":{"dtype":"F64","shape":[0,3],"data_offsets":[16,16]},' +
      '"__proto__":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}} \n ',
    data,
  )
  using opened = openSafetensors(file)
  assert.deepEqual([...opened.tensors.keys()], ['a.w', 'b', 'none', '__proto__'])
  assert.deepEqual(
    [...opened.metadata],
    [
      ['format', 'pt'],
      ['é', '\n'],
    ],
  )
  assert.deepEqual([...new Float32Array(opened.read('a.w').buffer)], [1.5, -2])
  assert.equal(new BigInt64Array(opened.read('b').buffer)[0], -7n)
  assert.equal(opened.read('none').length, 0)
  assert.deepEqual([...opened.read('__proto__')], [1, 2, 3, 4])
  assert.throws(() => opened.read('a.v'), /has no tensor "a.v": did you mean "a.w"/)
  assert.throws(() => opened.read('toString'), UserError)
})

test('what is written stands in the file as the format says, largest elements first', () => {
  const file = place('written.safetensors')
  writeSafetensors(
    file,
    [
      { name: 'bytes', dtype: 'U8', shape: [3], bytes: () => Uint8Array.of(9, 8, 7) },
      source('f', Float32Array.of(0.5), [1, 1]),
      { name: '7', dtype: 'F64', shape: [], bytes: () => new Uint8Array(Float64Array.of(3).buffer) },
    ],
    { note: 'a "note"' },
  )
  const whole = readFileSync(file)
  const length = Number(whole.readBigUInt64LE())
  assert.equal(length % 8, 0)
  assert.deepEqual(JSON.parse(whole.toString('utf8', 8, 8 + length)), {
    __metadata__: { note: 'a "note"' },
    7: { dtype: 'F64', shape: [], data_offsets: [0, 8] },
    f: { dtype: 'F32', shape: [1, 1], data_offsets: [8, 12] },
    bytes: { dtype: 'U8', shape: [3], data_offsets: [12, 15] },
  })
  const data = whole.subarray(8 + length)
  assert.equal(data.length, 15)
  assert.equal(data.readDoubleLE(0), 3)
  assert.equal(data.readFloatLE(8), 0.5)
  assert.deepEqual([...data.subarray(12)], [9, 8, 7])
})

const dtypes = { F32: 4, BF16: 2, F16: 2, F64: 8, I64: 8, I32: 4, U8: 1, BOOL: 1, F8_E4M3: 1, U64: 8 } as const
const wholeText = fc.string({ unit: 'grapheme', maxLength: 12 }).filter(text => !/\p{Surrogate}/u.test(text))
const someTensors = fc.uniqueArray(
  fc.record({
    name: fc.oneof(wholeText, fc.constantFrom('__proto__', 'constructor', '0', '1')).filter(n => n !== '__metadata__'),
    dtype: fc.constantFrom(...(Object.keys(dtypes) as (keyof typeof dtypes)[])),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.nat(),
  }),
  { selector: tensor => tensor.name, maxLength: 6 },
)

test('every set of tensors survives the way to a file and back', () => {
  fc.assert(
    fc.property(someTensors, fc.dictionary(wholeText, wholeText), (tensors, metadata) => {
      const file = place('round.safetensors')
      const filled = tensors.map(({ name, dtype, shape, seed }) => {
        const random = new RandomStream(seed)
        const length = shape.reduce((n, axis) => n * axis, dtypes[dtype])
        return { name, dtype, shape, bytes: Array.from({ length }, () => random.integer(256)) }
      })
      writeSafetensors(
        file,
        filled.map(tensor => ({ ...tensor, bytes: () => Uint8Array.from(tensor.bytes) })),
        metadata,
      )
      const read = load(file)
      assert.deepEqual(new Map(Object.entries(read.metadata)), new Map(Object.entries(metadata)))
      const byName = new Map(read.tensors.map(tensor => [tensor.name, tensor]))
      assert.equal(byName.size, filled.length)
      for (const tensor of filled) assert.deepEqual(byName.get(tensor.name), tensor)
    }),
    { numRuns: 150 },
  )
})

const f32 = (shape: string, offsets: string) => `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`
const eight = new Uint8Array(8)
const malformed: readonly (readonly [
  reason: RegExp,
  header: string | Uint8Array,
  data?: Uint8Array,
  claimed?: bigint,
])[] = [
  [/header claims 100000001 bytes/, '{}', eight, 100_000_001n],
  [/header claims 18446744073709551615 bytes/, '{}', eight, 2n ** 64n - 1n],
  [/header claims 11 bytes/, '{}', eight, 11n],
  [/does not start with '\{'/, ' {}'],
  [/does not start with '\{'/, ''],
  [/does not start with '\{'/, '\ufeff{}'],
  [/not UTF-8/, Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
  [/something follows/, '{}x'],
  [/something follows/, '{}\0'],
  [/twice/, `{"a":${f32('[1]', '[0,4]')},"a":${f32('[1]', '[4,8]')}}`, eight],
  [/twice/, `{"a":${f32('[1]', '[0,4]')},"\\u0061":${f32('[1]', '[4,8]')}}`, eight],
  [/twice/, '{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}', eight],
  [/twice/, '{"__metadata__":{},"__metadata__":{}}'],
  [/'"' was expected/, '{"__metadata__":{"a":1}}'],
  [/'\{' was expected/, '{"a":[]}'],
  [/'\{' was expected/, '{"__metadata__":null}'],
  [/unknown field/, `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"stride":[1]}}`, eight],
  [/lacks its/, '{"a":{"dtype":"F32","shape":[2]}}', eight],
  [/unknown element type "F4"/, '{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}', eight],
  [/unknown element type "toString"/, '{"a":{"dtype":"toString","shape":[2],"data_offsets":[0,8]}}', eight],
  [/not a begin and an end/, `{"a":${f32('[2]', '[8,0]')}}`, eight],
  [/not a begin and an end/, `{"a":${f32('[2]', '[0,8,8]')}}`, eight],
  [/not what its type and shape need/, `{"a":${f32('[3]', '[0,8]')}}`, eight],
  [/not what its type and shape need/, `{"a":${f32('[4294967296,4294967296]', '[0,0]')}}`],
  [/not what its type and shape need/, `{"a":${f32('[9007199254740991,9007199254740991,0]', '[0,0]')}}`],
  [/whole number/, `{"a":${f32('[-1]', '[0,8]')}}`, eight],
  [/whole number/, `{"a":${f32('[2.0]', '[0,8]')}}`, eight],
  [/whole number/, `{"a":${f32('[2e0]', '[0,8]')}}`, eight],
  [/whole number/, `{"a":${f32('[02]', '[0,8]')}}`, eight],
  [/whole number/, `{"a":${f32('[9007199254740992]', '[0,8]')}}`, eight],
  [/whole number/, `{"a":${f32(`[${'9'.repeat(400)}]`, '[0,8]')}}`, eight],
  [/"b" starts at byte 4 of the data, not at byte 8/, `{"a":${f32('[2]', '[0,8]')},"b":${f32('[1]', '[4,8]')}}`, eight],
  [/"b" starts at byte 4 of the data, not at byte 8/, `{"a":${f32('[2]', '[0,8]')},"b":${f32('[0]', '[4,4]')}}`, eight],
  [/starts at byte 4 of the data, not at byte 0/, `{"a":${f32('[1]', '[4,8]')}}`, eight],
  [/take 4 bytes and 8 bytes follow/, `{"a":${f32('[1]', '[0,4]')}}`, eight],
  [/take 12 bytes and 8 bytes follow/, `{"a":${f32('[3]', '[0,12]')}}`, eight],
  [/invalid escape/, '{"\\x":{}}'],
  [/half a character/, '{"\\ud800":{}}'],
  [/control character/, '{"\n":{}}'],
  [/no end/, '{"abc\\'],
  [/',' was expected/, `{"a":${f32('[1 1]', '[0,4]')}}`],
  [/'"' was expected at character 1, not the end/, '{'],
  [/expected/, `{"a":${'['.repeat(100_000)}`],
  [/"a+…" lacks/, `{"${'a'.repeat(5000)}":{}}`],
]

test('malformed files are refused with the file and the reason', () => {
  for (const [reason, header, data, claimed] of malformed) {
    const file = fixture(header, data, claimed)
    assert.throws(
      () => openSafetensors(file),
      (error: unknown) => {
        assert.ok(error instanceof UserError, `${error}`)
        assert.match(error.message, reason)
        assert.ok(error.message.includes(file) && !error.message.includes('\n') && error.message.length < 600)
        return true
      },
    )
  }
})

test('missing, empty and special files are refused', () => {
  assert.throws(() => openSafetensors(place('missing')), /missing: there is no such file/)
  assert.throws(() => openSafetensors(folder), /not a regular file/)
  assert.throws(() => openSafetensors('/dev/zero'), /not a regular file/)
  writeFileSync(place('empty'), '')
  assert.throws(() => openSafetensors(place('empty')), /only 0 bytes/)
})

test('a file with flipped, cut, inserted or copied bytes reads as an error or as a well-formed file', () => {
  const file = place('original.safetensors')
  writeSafetensors(
    file,
    [
      source(
        'conv.weights',
        Float32Array.from({ length: 6 }, (_, i) => i),
        [3, 2],
      ),
      { name: 'n', dtype: 'I64', shape: [], bytes: () => new Uint8Array(8) },
      { name: 'mask', dtype: 'U8', shape: [5], bytes: () => Uint8Array.of(1, 2, 3, 4, 5) },
    ],
    { format: 'pt' },
  )
  const original = readFileSync(file)
  const random = new RandomStream(11, 'mutations')
  const mutations: readonly (() => Buffer)[] = [
    () => {
      const copy = Buffer.from(original)
      const at = random.integer(copy.length)
      copy[at] = copy[at]! ^ (1 << random.integer(8))
      return copy
    },
    () => original.subarray(0, random.integer(original.length)),
    () => {
      const at = random.integer(original.length)
      return Buffer.concat([original.subarray(0, at), Buffer.of(random.integer(256)), original.subarray(at)])
    },
    () => {
      const copy = Buffer.from(original)
      const from = random.integer(copy.length)
      copy.copyWithin(random.integer(copy.length), from, from + random.integer(24))
      return copy
    },
    () => {
      const digits = [...original.toString('latin1').matchAll(/\d+/g)]
      const { index, 0: word } = digits[random.integer(digits.length)]!
      const number = String([0, 1, 8, 2 ** 31, 2 ** 53, -1, 1e21][random.integer(7)])
      const header = Buffer.concat([
        original.subarray(0, index),
        Buffer.from(number),
        original.subarray(index + word.length),
      ])
      header.writeBigUInt64LE(original.readBigUInt64LE() + BigInt(number.length - word.length))
      return header
    },
  ]
  let refused = 0
  const mutant = place('mutant.safetensors')
  for (let round = 0; round < 1500; round++) {
    const bytes = mutations[round % mutations.length]!()
    writeFileSync(mutant, bytes)
    try {
      const { tensors } = load(mutant)
      const total = tensors.reduce((sum, tensor) => sum + tensor.bytes.length, 0)
      assert.equal(total, bytes.length - 8 - Number(bytes.readBigUInt64LE()))
    } catch (error) {
      assert.ok(error instanceof UserError, `round ${round}: ${error}`)
      assert.ok(error.message.includes(mutant))
      refused++
    }
  }
  assert.ok(refused > 800)
})

test('a tensor beyond 2 GiB into a file is read without the rest', () => {
  const file = place('large.safetensors')
  const big = 2 ** 31 + 2 ** 28
  const header = JSON.stringify({
    big: { dtype: 'U8', shape: [big], data_offsets: [0, big] },
    last: { dtype: 'I32', shape: [2], data_offsets: [big, big + 8] },
  })
  const fd = openSync(file, 'w')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeSync(fd, Buffer.concat([length, Buffer.from(header)]), 0, 8 + header.length, 0)
  writeSync(fd, new Uint8Array(Int32Array.of(5, -6).buffer), 0, 8, 8 + header.length + big)
  ftruncateSync(fd, 8 + header.length + big + 8)
  closeSync(fd)
  using opened = openSafetensors(file)
  assert.deepEqual([...new Int32Array(opened.read('last').buffer)], [5, -6])
})

test('tensors are asked for their bytes one at a time, in the order of the file', () => {
  const asked: string[] = []
  const tensor = (name: string, dtype: 'U8' | 'F32', bytes: number): TensorSource => ({
    name,
    dtype,
    shape: [1],
    bytes: () => {
      asked.push(name)
      return new Uint8Array(new SharedArrayBuffer(bytes)).fill(3)
    },
  })
  function* tensors() {
    yield tensor('small', 'U8', 1)
    yield tensor('x', 'F32', 4)
    yield tensor('y', 'F32', 4)
  }
  writeSafetensors(place('order'), tensors())
  assert.deepEqual(asked, ['x', 'y', 'small'])
})

test('tensors that the format cannot hold are refused and leave no file', () => {
  const bytes = () => new Uint8Array(4)
  const write = (...tensors: TensorSource[]) => writeSafetensors(place('bad'), tensors)
  const one: TensorSource = { name: 'a', dtype: 'F32', shape: [1], bytes }
  assert.throws(() => write(one, one), /two tensors are called "a"/)
  assert.throws(() => write({ ...one, name: '__metadata__' }), /cannot be called/)
  assert.throws(() => write({ ...one, name: '\ud800' }), /half a character/)
  assert.throws(() => write({ ...one, shape: [2] }), /gave 4 bytes where its shape needs 8/)
  assert.throws(() => write({ ...one, shape: [-1] }), /impossible shape/)
  assert.throws(() => write({ ...one, shape: [0.5, 2] }), /impossible shape/)
  assert.throws(() => openSafetensors(place('bad')), /no such file/)
})

test('thousands of damaged files are read or refused in one line', async () => {
  const { read, refused } = await readDamaged(damagedSafetensors(), 3000, 1)
  assert.ok(read > 20 && refused > 1500, `${read} were read, ${refused} refused`)
})
