import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type CompressionCodec, type Encoding, parquetReadObjects } from 'hyparquet'
import { compressors as unpackers } from 'hyparquet-compressors'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { UserError } from '../../../src/base/error.js'
import { RandomStream } from '../../../src/base/random.js'
import { imagenetClasses, isImagenet } from '../../../src/data/imagenet-classes.js'
import { PlaceReader, readPlace } from '../../../src/data/place-reader.js'
import { openEvaluationData, openHeld, openTrainingData } from '../../../src/data/sources/open.js'
import { readDamaged } from '../../formats/damaged-files.js'
import { temporaryFolder } from '../picture.js'
import { put } from './miniature.js'
import { damagedParquet } from './parquet-corpus.js'
import { featuresNote, type ParquetRow, type ParquetStyle, parquetOf } from './parquet-writer.js'

const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

/** Images of all lengths, from none, parts of which come again. */
const images = Array.from({ length: 23 }, (_, i) => {
  const bytes = Buffer.alloc((i * 977) % 3000, `image ${i % 5} `)
  for (let at = 0; at < bytes.length; at += 1 + (i % 7)) bytes[at] = (at * at + i) % 251
  return bytes
})
const rows: readonly ParquetRow[] = images.map((bytes, i) => ({
  bytes,
  path: `${String(i).padStart(2, '0')}.jpg`,
  label: i % 3,
}))

async function folderOf(t: TestContext, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const [name, content] of Object.entries(files)) await put(path.join(folder, name), Buffer.from(content))
  return folder
}

const codecs: readonly CompressionCodec[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW', 'LZ4']
const styles: readonly ParquetStyle[] = [
  {},
  { pagesByDictionary: 0, rowsPerPage: 4 },
  { rowsPerGroup: 9, rowsPerPage: 4, pagesByDictionary: 1 },
  { rowsPerGroup: 9, rowsPerPage: 1, pagesByDictionary: 3, labelType: 'INT32' },
]

for (const codec of codecs)
  test(`every image of a file is found in its pages, ${codec}`, async t => {
    for (const version of [1, 2] as const)
      for (const style of styles) {
        const file = parquetOf(rows, { ...style, codec, version })
        const folder = await folderOf(t, { 'data/a.parquet': file })
        const { items, classes } = await openEvaluationData(folder)
        assert.deepEqual(classes, ['0', '1', '2'])
        // What another reader makes of the same file.
        const known = await parquetReadObjects({ file: buffered(file), compressors: unpackers, utf8: false })
        assert.equal(items.length, known.length)
        await using reader = new PlaceReader()
        for (const { path: name, label, part } of items) {
          const row = known.find(({ image }) => name.endsWith(` › ${image.path}`))!
          assert.equal(label, Number(row.label))
          assert.deepEqual(Buffer.from(await reader.read(part!)), Buffer.from(row.image.bytes))
          assert.equal(part!.packing === undefined, codec === 'UNCOMPRESSED')
        }
      }
  })

const buffered = (file: Buffer) => {
  const bytes = new Uint8Array(file)
  return { byteLength: bytes.length, slice: (from: number, to?: number) => bytes.buffer.slice(from, to) }
}

const fixtures = fileURLToPath(new URL('../../../../test/data/fixtures/parquet/', import.meta.url))
for (const name of readdirSync(fixtures))
  test(`the rows of ${name}, by the program of its name`, async t => {
    const folder = await folderOf(t, { 'data/train-00000-of-00001.parquet': readFileSync(path.join(fixtures, name)) })
    const set = await openHeld(folder, ['train'])
    const { items, classes } = set!.train!
    assert.deepEqual(classes, name.startsWith('pyarrow') ? ['yak', 'ant', 'bee'] : ['0', '1', '2'])
    assert.equal(items.length, 24)
    await using reader = new PlaceReader()
    for (const { path: place, label, part } of items) {
      const i = Number(/(\d\d)\.jpg$/.exec(place)![1])
      const text = `${i} ${'is one of 24 rows; '.repeat((i % 5) * 4)}`
      assert.deepEqual([`${Buffer.from(await reader.read(part!))}`, label], [text, i % 3])
    }
  })

test('an image in a large page of Snappy costs the pieces that it lies in', async t => {
  const large = Array.from({ length: 12 }, (_, i) => {
    const random = new RandomStream(7, 'large', i)
    return Buffer.from(
      Uint8Array.from({ length: 30_000 + i * 10_000 }, (_, at) => (at < 600 ? at % 7 : random.uint32())),
    )
  })
  const table = large.map((bytes, i) => ({ bytes, path: `${i}`, label: 0 }))
  const folder = await folderOf(t, { 'val.parquet': parquetOf(table) })
  for (const { path: name, part } of (await openEvaluationData(folder)).items) {
    const bytes = large[Number(name.split(' › ')[1])]!
    assert.deepEqual(Buffer.from(await readPlace({ path: name, part: part! })), bytes)
    assert.ok(part!.packing!.unpacked <= bytes.length + 2 * 65536, `${part!.packing!.unpacked} for ${bytes.length}`)
    assert.ok(part!.size < part!.packing!.unpacked * 1.01)
  }
})

test('a page that would have to be unpacked whole for each image, and is too large for that, is told', async t => {
  const large = [{ bytes: Buffer.alloc(65 * 2 ** 20), path: null, label: 0 }]
  const folder = await folderOf(t, { 'val.parquet': parquetOf(large, { codec: 'GZIP' }) })
  await assert.rejects(
    openEvaluationData(folder),
    tells(/val\.parquet has 65\.00 MiB packed as one \(gzip\), all of which/),
  )
})

const one: ParquetRow = { bytes: Buffer.from('x'), path: 'x.jpg', label: 0 }
const file = (style: ParquetStyle = {}, some: readonly ParquetRow[] = [one]) => parquetOf(some, style)

for (const [layout, names] of [
  [
    'at once',
    ['train-00000-of-00002-0a1b.parquet', 'train-00001-of-00002-0a1b.parquet', 'validation-00000-of-00001.parquet'],
  ],
  ['in data/', ['data/train-00000-of-00001.parquet', 'data/validation-00000-of-00001-77.parquet']],
  ["in a configuration's folder", ['cifar/train-00000-of-00001.parquet', 'cifar/validation-00000-of-00001.parquet']],
  [
    'as converted by Hugging Face',
    ['default/train/0000.parquet', 'default/train/0001.parquet', 'default/validation/0000.parquet'],
  ],
  ['with a test set instead', ['data/train-0.parquet', 'data/test-0.parquet']],
  ['with a test set besides', ['data/train-0.parquet', 'data/validation-0.parquet', 'data/test-0.parquet']],
] as const)
  test(`files ${layout}`, async t => {
    const unlabelled = file({}, [{ ...one, label: -1 }])
    const files = names.map(name => [name, name.includes('/test') && names.length === 3 ? unlabelled : file()])
    const { train, val } = await openTrainingData(await folderOf(t, Object.fromEntries(files)))
    assert.equal(train.items.length, names.filter(name => name.includes('train')).length)
    assert.equal(val.items.length, 1)
    assert.match(val.items[0]!.path, names.some(name => name.includes('validation')) ? /validation/ : /test/)
  })

test('several configurations are told', async t => {
  const folder = await folderOf(t, { 'a/train-0.parquet': file(), 'b/train-0.parquet': file(), 'c/readme.txt': '' })
  await assert.rejects(openTrainingData(folder), tells(/holds several data sets: .*\/a, .*\/b$/))
})

for (const [what, style, some, classes] of [
  ['numbers with names', { note: featuresNote(['z', 'y', 'x']) }, [2, 0], ['z', 'y', 'x']],
  ['numbers without names', {}, [1, 0], ['0', '1']],
  ['numbers of 32 bits', { labelType: 'INT32', label: 'fine_label' }, [1, 0], ['0', '1']],
  ['names', { labelType: 'BYTE_ARRAY', label: 'labels' }, ['yak', 'bee'], ['bee', 'yak']],
  [
    'a column of another name, as the footer says',
    { image: 'picture', label: 'kind', note: featuresNote(['a', 'b'], 'picture', 'kind') },
    [0, 1],
    ['a', 'b'],
  ],
] as const)
  test(`classes by ${what}`, async t => {
    const table = some.map((label, i) => ({ ...one, path: `${i}`, label }))
    const set = await openEvaluationData(await folderOf(t, { 'val.parquet': file(style, table) }))
    assert.deepEqual(set.classes, classes)
    const found = set.items.map(item => [item.path.split(' › ')[1], item.label])
    const expected = some.map((label, i) => [
      `${i}`,
      typeof label === 'number' ? label : classes.indexOf(label as never),
    ])
    assert.deepEqual(found.sort(), expected.sort())
  })

test("ImageNet's thousand names are its WNIDs, and classes.txt goes before names in files", async t => {
  const names = imagenetClasses.map(({ name }) => name)
  names[517] = 'crane2'
  const folder = await folderOf(t, { 'val.parquet': file({ note: featuresNote(names) }) })
  assert.ok(isImagenet((await openEvaluationData(folder)).classes))
  await put(path.join(folder, 'classes.txt'), Buffer.from('tench\ngoldfish\n'))
  assert.deepEqual((await openEvaluationData(folder)).classes, ['tench', 'goldfish'])
})

test('images without names, or with names that come twice, are told apart', async t => {
  const table = ['a', null, 'a', '', 'b\n'].map((name, i) => ({ ...one, path: name, label: i === 2 ? 1 : 0 }))
  const { items } = await openEvaluationData(await folderOf(t, { 'val.parquet': file({ rowsPerGroup: 2 }, table) }))
  assert.deepEqual(
    items.map(item => [item.path.split(' › ')[1], item.label]),
    [
      ['a', 0],
      ['b?', 0],
      ['row 0000001', 0],
      ['row 0000003', 0],
      ['a (row 0000002)', 1],
    ],
  )
})

const two = featuresNote(['a', 'b'])
for (const [what, files, message] of [
  ['no class', { 'val.parquet': file({}, [one, { ...one, label: null }]) }, /row 1: the column label gives no class/],
  [
    'the class −1',
    { 'val.parquet': file({}, [{ ...one, label: -1 }]) },
    /row 0: the column label gives no class, as in/,
  ],
  [
    'lines of text for a class',
    { 'val.parquet': file({ labelType: 'BYTE_ARRAY' }, [{ ...one, label: 'a\nb' }]) },
    /row 0: the column label holds lines of text/,
  ],
  [
    'only a path',
    { 'val.parquet': file({}, [{ ...one, bytes: null }]) },
    /row 0: there are no bytes .* path, x\.jpg: write/,
  ],
  [
    'neither bytes nor a path',
    { 'val.parquet': file({}, [{ ...one, bytes: null, path: null }]) },
    /no bytes of an image: /,
  ],
  [
    'no column of images',
    { 'val.parquet': file({ image: 'audio' }) },
    /no column of images \(its columns: audio\.bytes, audio/,
  ],
  ['no column of classes', { 'val.parquet': file({ label: 'caption' }) }, /no column of classes .*: call one label, /],
  ['a class beyond the names', { 'val.parquet': file({ note: two }, [{ ...one, label: 2 }]) }, /names no class 2/],
  ['a footer of other words', { 'val.parquet': file({ note: '{"info"' }) }, /says under 'huggingface': line 1, column/],
  [
    'other names for the same classes',
    { 'val-0.parquet': file({ note: two }), 'val-1.parquet': file({ note: featuresNote(['b', 'a']) }) },
    /val-0\.parquet and .*val-1\.parquet name their classes otherwise/,
  ],
  ['no rows', { 'val.parquet': file({}, []) }, /val\.parquet has no images/],
  ['no Parquet', { 'val.parquet': Buffer.from('PAR1, or is it?') }, /does not end as a Parquet file does/],
  ['nothing', { 'val.parquet': '' }, /is damaged: it is cut short/],
  ['an encrypted footer', { 'val.parquet': Buffer.concat([Buffer.from('PARE'), file().subarray(4)]) }, /is encrypted/],
] as const)
  test(`${what}: told`, async t => {
    await assert.rejects(openEvaluationData(await folderOf(t, files)), tells(message))
  })

const inEncoding = (encoding: Encoding) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'image', data: images, type: 'BYTE_ARRAY', encoding },
        { name: 'label', data: images.map((_, i) => i), type: 'INT32' },
      ],
      pageSize: 9000,
    }),
  )

test('lengths may stand before all values of a page', async t => {
  const folder = await folderOf(t, { 'val.parquet': inEncoding('DELTA_LENGTH_BYTE_ARRAY') })
  const { items } = await openEvaluationData(folder)
  assert.equal(items.length, images.length)
  for (const item of items) assert.deepEqual(Buffer.from(await readPlace(item)), images[item.label])
})

test('an encoding that is not read is told', async t => {
  const folder = await folderOf(t, { 'val.parquet': inEncoding('DELTA_BYTE_ARRAY') })
  await assert.rejects(
    openEvaluationData(folder),
    tells(/the column image in the encoding DELTA_BYTE_ARRAY, which is not/),
  )
})

test('damaged files are read, or refused in one line', async () => {
  const { read, refused } = await readDamaged(damagedParquet(), 2000, 1)
  assert.ok(read > 150 && refused > 1000, `${read} read, ${refused} refused`)
})
