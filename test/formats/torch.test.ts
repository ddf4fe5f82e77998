import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { openTorch } from '../../src/formats/torch/torch-file.js'
import { readDamaged } from './damaged-files.js'
import * as p from './pickle-writer.js'
import { damagedTorch, fixtureNames, fixtures } from './torch-corpus.js'
import {
  legacyFile,
  rebuild,
  rowMajor,
  type Storage,
  separate,
  stateDict,
  storageId,
  type Tensor,
  zip,
  zipFile,
} from './torch-writer.js'

const folder = mkdtempSync(path.join(tmpdir(), 'torch-'))
after(() => rmSync(folder, { recursive: true }))

function written(bytes: Uint8Array): string {
  const file = path.join(folder, 'given.pth')
  writeFileSync(file, bytes)
  return file
}

async function load(bytes: Uint8Array) {
  using file = await openTorch(written(bytes))
  return [...file.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape, bytes: file.read(name) }))
}

const refuses = (bytes: Uint8Array, reason: RegExp) =>
  assert.rejects(load(bytes), (error: Error) => {
    assert.ok(error instanceof UserError, error.stack)
    assert.match(error.message, /^[^\n]*given\.pth[^\n]*$/)
    assert.match(error.message, reason)
    return true
  })

/** A state dict in both forms. */
const bothForms = (object: (form: 'zip' | 'legacy') => p.Part, tensors: readonly Tensor[] = plain) =>
  [zipFile(tensors, object('zip')), legacyFile(tensors, object('legacy'))] as const

const floats = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)
const plain = separate([
  { name: 'w', type: 'FloatStorage', shape: [2, 3], bytes: floats(1, 2, 3, 4, 5, 6) },
  { name: 'n', type: 'LongStorage', shape: [], bytes: new Uint8Array(8).fill(1) },
])
const w = plain[0]!

/** What PyTorch itself says that its files hold. */
const expected = JSON.parse(readFileSync(new URL('expected.json', fixtures), 'utf8')) as Record<
  string,
  Record<string, readonly [type: string, shape: readonly number[], bytes: string]>
>
const types: Readonly<Record<string, string>> = {
  ...{ float32: 'F32', float16: 'F16', bfloat16: 'BF16', float64: 'F64' },
  ...{ int64: 'I64', int32: 'I32', uint8: 'U8', bool: 'BOOL' },
}

for (const name of fixtureNames) {
  const contents = expected[name.split('.')[0]!]
  if (!contents) continue
  test(`${name}, written by PyTorch, is read bit for bit`, async () => {
    using file = await openTorch(new URL(name, fixtures).pathname)
    const found = [...file.tensors].map(([key, { dtype, shape }]) => [key, dtype, shape, hex(file.read(key))])
    assert.deepEqual(
      found,
      Object.entries(contents).map(([key, [type, shape, bytes]]) => [key, types[type], shape, bytes]),
    )
    assert.throws(() => file.read('nothing'), /has no tensor "nothing"/)
  })
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('a saved module and a program are refused by name', async () => {
  const open = (name: string) => openTorch(new URL(name, fixtures).pathname)
  await assert.rejects(open('whole-module.zip.pth'), /it holds torch\.nn\.modules\.container\.Sequential/)
  await assert.rejects(open('script.zip.pth'), /it is a TorchScript program/)
})

test('any tensors in any storages are read back from both forms', async () => {
  const storage = fc.record({
    type: fc.constantFrom('FloatStorage', 'HalfStorage', 'DoubleStorage', 'ByteStorage'),
    elements: fc.nat(40),
  })
  const tensor = fc.record({
    shape: fc.array(fc.nat(5), { maxLength: 4 }),
    order: fc.nat(),
    begin: fc.nat(40),
    in: fc.nat(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(storage, { minLength: 1, maxLength: 4 }),
      fc.array(tensor, { maxLength: 6 }),
      async (kinds, wishes) => {
        const storages = kinds.map(({ type, elements }, i): Storage => {
          const length = elements * widths[type]!
          return { key: `${i}`, type, elements, bytes: Uint8Array.from({ length }, (_, j) => j * 37 + i) }
        })
        const tensors = wishes.flatMap((wish, i): Tensor[] => {
          const storage = storages[wish.in % storages.length]!
          const count = wish.shape.reduce((product, size) => product * size, 1)
          if (wish.begin + count > storage.elements) return []
          // Row-major over the axes in another order: what transposing gives.
          const order = wish.shape.map((_, axis) => (axis + wish.order) % wish.shape.length)
          const steps = rowMajor(order.map(axis => wish.shape[axis]!))
          const strides = wish.shape.map((_, axis) => steps[order.indexOf(axis)]!)
          return [{ name: `t${i}`, storage, begin: wish.begin, shape: wish.shape, strides }]
        })
        fc.pre(tensors.length > 0)
        const wanted = tensors.map(({ name, shape, ...at }) => ({ name, shape, bytes: elementsOf({ ...at, shape }) }))
        for (const bytes of [zipFile(tensors), legacyFile(tensors)])
          assert.deepEqual(
            (await load(bytes)).map(({ name, shape, bytes: got }) => ({ name, shape, bytes: [...got] })),
            wanted,
          )
      },
    ),
    { numRuns: 150 },
  )
})

const widths: Readonly<Record<string, number>> = { FloatStorage: 4, HalfStorage: 2, DoubleStorage: 8, ByteStorage: 1 }

/** The bytes of a tensor by the definition: index times stride, element by element. */
function elementsOf({ storage, begin, shape, strides }: Omit<Tensor, 'name'>): number[] {
  const width = widths[storage.type]!
  const walk = (axis: number, at: number): number[] =>
    axis === shape.length
      ? [...storage.bytes.subarray(at * width, (at + 1) * width)]
      : Array.from({ length: shape[axis]! }, (_, i) => walk(axis + 1, at + i * strides[axis]!)).flat()
  return walk(0, begin)
}

test('what older PyTorch and Python 2 wrote is read', async () => {
  const [w] = plain
  const { begin, shape, strides } = w!
  const numbers = (values: readonly number[]) => p.tuple(...values.map(p.whole))
  const first = (form: 'zip' | 'legacy') =>
    p.call(
      p.global('torch._utils', '_rebuild_tensor'),
      ...[
        storageId(w!.storage, ...(form === 'legacy' ? [p.none] : [])),
        p.whole(begin),
        numbers(shape),
        numbers(strides),
      ],
    )
  const short = Buffer.from('U\x01w', 'latin1')
  for (const bytes of bothForms(
    form => p.call(p.global('collections', 'OrderedDict'), p.list(p.list(short, first(form)))),
    [w!],
  ))
    assert.deepEqual(await load(bytes), [{ name: 'w', dtype: 'F32', shape: [2, 3], bytes: w!.storage.bytes }])
})

test('a storage that is a view of another is read at its place', async () => {
  const view = p.tuple(p.text('1'), p.whole(2), p.whole(4))
  const tensor = { begin: 1, shape: [3], strides: [1] }
  const object = p.dict([p.text('v'), rebuild(storageId(w.storage, view), tensor)])
  assert.deepEqual((await load(legacyFile([w], object)))[0]?.bytes, floats(4, 5, 6))
  const beyond = p.dict([p.text('v'), rebuild(storageId(w.storage, view), { ...tensor, begin: 2 })])
  await refuses(legacyFile([w], beyond), /reaches beyond its 4 elements/)
  const outside = p.tuple(p.text('1'), p.whole(2), p.whole(5))
  const lying = p.dict([p.text('v'), rebuild(storageId(w.storage, outside), tensor)])
  await refuses(legacyFile([w], lying), /lies outside/)
})

test("tensors under 'state_dict' or 'model' are found; attributes and values beside them are passed over", async () => {
  for (const nest of ['state_dict', 'model'])
    for (const bytes of bothForms(form =>
      p.dict(
        [p.text('epoch'), p.whole(-7)],
        [p.text('best'), p.float(0.5)],
        [p.text('names'), p.list(p.none, p.bool(true), p.tuple())],
        [
          p.text(nest),
          p.withState(
            stateDict(plain, form),
            p.dict([p.text('_metadata'), p.orderedDict([p.text('version'), p.whole(1)])]),
          ),
        ],
      ),
    ))
      assert.deepEqual(
        (await load(bytes)).map(({ name }) => name),
        ['w', 'n'],
      )
})

/** Objects that are no state dict, in both forms; why each is refused. */
const objects: readonly (readonly [what: string, object: (form: 'zip' | 'legacy') => p.Part, reason: RegExp])[] = [
  [
    'a call of the system',
    () => p.call(p.global('os', 'system'), p.text('true')),
    /it holds os\.system, which is neither/,
  ],
  ['a call of eval', () => p.call(p.global('builtins', 'eval'), p.text('1')), /it holds builtins\.eval/],
  ['another function of torch', () => p.global('torch', 'load'), /it holds torch\.load/],
  ['a name of Object.prototype', () => p.global('torch', 'constructor'), /it holds torch\.constructor/],
  ['a name with a line break', () => p.global('a\u001b[31m', 'b'), /it holds a\\u001b\[31m\.b/],
  [
    'a name put together',
    () => Buffer.concat([p.text('posix'), p.text('system'), Buffer.from([0x93])]),
    /it holds posix\.system/,
  ],
  [
    'a class made anew',
    () => Buffer.concat([p.global('collections', 'OrderedDict'), p.tuple(), Buffer.from([0x81])]),
    /instruction 0x81/,
  ],
  ['a number', () => p.whole(3), /it holds a number and no state dict/],
  ['an empty dict', () => p.dict(), /it holds no tensors/],
  ['a list of tensors', form => p.list(stateDict(plain, form)), /it holds a list and no state dict/],
  [
    'a tensor by itself',
    form => rebuild(storageId(w.storage, ...(form === 'legacy' ? [p.none] : [])), w),
    /it holds a tensor and/,
  ],
  [
    'something beside the tensors',
    () => p.dict([p.text('w'), p.list()]),
    /"w" in its state dict is a list and no tensor/,
  ],
  ['a key that is a number', () => p.dict([p.whole(1), p.list()]), /has the key 1, which is no name/],
  ['a key that is a tuple', () => p.dict([p.tuple(), p.list()]), /has a tuple as a key/],
  ['a name twice', () => p.dict([p.text('w'), p.none], [p.text('w'), p.none]), /the key "w" is there twice/],
  [
    'a module',
    () => p.persistent(p.tuple(p.text('module'), p.none, p.text('x'), p.text('y'))),
    /it refers to "module" outside/,
  ],
  ['a storage called', () => p.call(p.global('torch', 'FloatStorage')), /it calls torch\.FloatStorage/],
  ['a reference to nothing', () => p.recall(9), /it refers to value 9, which it did not store/],
  ['a mark that is missing', () => Buffer.from('t'), /lacks its mark/],
  ['an operand that is missing', () => Buffer.from('a'), /lacks its operand/],
  [
    'a parameter of a list',
    () => p.call(p.global('torch._utils', '_rebuild_parameter'), p.list()),
    /a parameter in it is made of a list/,
  ],
  [
    'a dict of something',
    () => p.call(p.global('collections', 'OrderedDict'), p.list(p.whole(1))),
    /made of something else than pairs/,
  ],
  ['a value left over', () => Buffer.concat([p.none, p.none]), /ends with more than one value/],
  ['text that is not UTF-8', () => Buffer.from('U\x01\xff', 'latin1'), /not UTF-8/],
  ['a long string', () => Buffer.concat([Buffer.from('X\xff\xff\xff\x7f', 'latin1')]), /a string of 2147483647 bytes/],
  ['too many instructions', () => Buffer.alloc(1_100_000, 'N0'), /more than 1000000 instructions/],
  ['a line without an end', () => Buffer.alloc(2000, 'c'), /a line of it has no end/],
]

for (const [what, object, reason] of objects)
  test(`${what} is refused`, async () => {
    for (const bytes of bothForms(object)) await refuses(bytes, reason)
  })

/** Tensors that do not lie in their storage. */
const misplaced: readonly (readonly [what: string, change: Partial<Tensor>, reason: RegExp])[] = [
  ['beyond the end', { begin: 1 }, /a tensor of 2×3 in storage 0 reaches beyond its 6 elements/],
  ['by a stride', { strides: [4, 1] }, /reaches beyond/],
  ['with the same element again and again', { shape: [1000, 1000], strides: [0, 0] }, /repeats elements/],
  ['of more elements than can be counted', { shape: [2 ** 31, 2 ** 31], strides: [0, 0] }, /is too large/],
  ['with a stride less than axes', { strides: [1] }, /no shape, strides and offset/],
  ['before the beginning', { begin: -1 }, /no shape, strides and offset/],
  ['of a negative size', { shape: [-2, 3] }, /no shape, strides and offset/],
  [
    'of too many axes',
    { shape: new Array(17).fill(1), strides: new Array(17).fill(1) },
    /no shape, strides and offset/,
  ],
  ['empty and beyond the end', { begin: 7, shape: [0], strides: [1] }, /reaches beyond/],
]

for (const [what, change, reason] of misplaced)
  test(`a tensor ${what} is refused`, async () => {
    for (const bytes of [zipFile, legacyFile].map(file => file([{ ...w, ...change }]))) await refuses(bytes, reason)
  })

test('a bomb of references takes no time: nothing is expanded', async () => {
  let nested = p.store(0, p.list(p.none))
  for (let i = 1; i < 200; i++) nested = p.store(i, p.list(nested, p.recall(i - 1)))
  const deep = Buffer.concat([Buffer.alloc(100_000, ']'), Buffer.alloc(99_999, 'a')])
  for (const object of [nested, deep])
    for (const bytes of bothForms(form => p.dict([p.text('junk'), object], [p.text('model'), stateDict(plain, form)])))
      assert.equal((await load(bytes)).length, 2)
})

test('a list that holds itself is passed over', async () => {
  const loop = Buffer.concat([p.store(0, p.list()), p.recall(0), Buffer.from('a')])
  for (const bytes of bothForms(form => p.dict([p.text('loop'), loop], [p.text('model'), stateDict(plain, form)])))
    assert.equal((await load(bytes)).length, 2)
})

/** The parts of a zip archive, to be put together wrongly. */
const entries = [
  { name: 'a/data.pkl', data: p.pickle(stateDict(plain, 'zip')) },
  ...plain.map(({ storage }) => ({ name: `a/data/${storage.key}`, data: storage.bytes })),
]
const [pickled, first, second] = entries as [(typeof entries)[0], (typeof entries)[0], (typeof entries)[0]]

const archives: readonly (readonly [what: string, bytes: () => Buffer, reason: RegExp])[] = [
  ['without a pickle', () => zip([first, second]), /it has no data\.pkl/],
  ['with two pickles', () => zip([...entries, { ...pickled, name: 'b/data.pkl' }]), /it has two pickles/],
  ['without a storage', () => zip([pickled, first]), /storage "1" is missing/],
  ['with an entry twice', () => zip([...entries, first]), /two entries of it have one name/],
  ['with a compressed storage', () => zip([pickled, { ...first, method: 8 }, second]), /"a\/data\/0" is compressed/],
  [
    'with a storage too short',
    () => zip([pickled, { ...first, data: first.data.subarray(4) }, second]),
    /has 20 bytes, not those of 6 F32/,
  ],
  [
    'with a storage that claims more than the file',
    () => zip([pickled, { ...first, length: 2 ** 31 }, second]),
    /damaged/,
  ],
  ['with storages in one place', () => zip([pickled, first, { ...second, at: 0 }]), /two storages share/],
  [
    'with an entry beyond the end',
    () => zip([pickled, first, { ...second, at: 2 ** 31 }]),
    /nothing is at byte 2147483648/,
  ],
  ['that counts more entries', () => zip(entries, 9), /damaged/],
  [
    'of numbers the other way round',
    () => zip([...entries, { name: 'a/byteorder', data: Buffer.from('big') }]),
    /byte order "big"/,
  ],
  [
    'that goes on after its pickle',
    () => zip([{ ...pickled, data: Buffer.concat([pickled.data, Buffer.from('N.')]) }, first, second]),
    /2 bytes follow its pickle/,
  ],
  ['cut short', () => zip(entries).subarray(0, 200), /damaged/],
]

for (const [what, bytes, reason] of archives) test(`an archive ${what} is refused`, () => refuses(bytes(), reason))

test('a storage that fails its checksum is refused when it is read', () =>
  refuses(zip([pickled, { ...first, crc: 1 }, second]), /the storage of "w" fails its checksum/))

test('an archive whose names leave their folder is read: nothing is unpacked', async () => {
  assert.equal((await load(zip([...entries, { name: '../../etc/passwd', data: new Uint8Array() }]))).length, 2)
})

const legacy = legacyFile(plain)
const swapped = (from: p.Part, to: p.Part) => {
  const at = legacy.indexOf(from)
  return Buffer.concat([legacy.subarray(0, at), to, legacy.subarray(at + from.length)])
}

const streams: readonly (readonly [what: string, bytes: () => Buffer, reason: RegExp])[] = [
  ['cut within its pickles', () => legacy.subarray(0, 100), /ends in the middle of a value/],
  ['cut within its storages', () => legacy.subarray(0, legacy.length - 1), /storage "1" reaches beyond the end/],
  ['with something after them', () => Buffer.concat([legacy, Buffer.from('x')]), /1 bytes follow its last storage/],
  ['of another protocol', () => swapped(p.pickle(p.whole(1001)), p.pickle(p.whole(1000))), /protocol is not 1001/],
  ['of the other order of bytes', () => swapped(p.bool(true), p.bool(false)), /not little-endian/],
  [
    'that lists a storage twice',
    () => swapped(p.list(p.text('0'), p.text('1')), p.list(p.text('0'), p.text('0'))),
    /"0" is there twice/,
  ],
  [
    'that lists a storage too few',
    () => swapped(p.list(p.text('0'), p.text('1')), p.list(p.text('0'))),
    /storage "1" is missing/,
  ],
  [
    'that lists another storage',
    () => swapped(p.list(p.text('0'), p.text('1')), p.list(p.text('2'))),
    /a storage that no tensor is in/,
  ],
  [
    'with a storage of another length',
    () => swapped(Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([5, 0, 0, 0, 0, 0, 0, 0])),
    /has 5 elements, not 6/,
  ],
]

for (const [what, bytes, reason] of streams) test(`a stream ${what} is refused`, () => refuses(bytes(), reason))

test('a storage of two types, and one larger than can be counted, are refused', async () => {
  const two = p.dict(
    [p.text('a'), storageId(w.storage)],
    [p.text('b'), storageId({ ...w.storage, type: 'IntStorage' })],
  )
  const huge = p.dict([p.text('a'), rebuild(storageId({ ...w.storage, elements: 2 ** 52 }), w)])
  for (const bytes of bothForms(() => two)) await refuses(bytes, /has two types or lengths/)
  await refuses(zipFile(plain, huge), /not those of 4503599627370496 F32/)
  await refuses(legacyFile(plain, huge), /reaches beyond the end of the file/)
})

test('what is no file of PyTorch is refused', async () => {
  await refuses(new Uint8Array(), /does not begin as torch\.save writes/)
  await refuses(Buffer.from('hello, world; this is text'), /does not begin as torch\.save writes/)
  await assert.rejects(openTorch(path.join(folder, 'missing.pth')), /cannot read .*missing\.pth/)
})

test('thousands of damaged files are read or refused in one line', async () => {
  const { read } = await readDamaged(damagedTorch(), 3000, 1)
  // Damage to what is not looked at, such as an optimiser's numbers, leaves some of them whole.
  assert.ok(read > 30 && read < 1500, `${read} were read`)
})
