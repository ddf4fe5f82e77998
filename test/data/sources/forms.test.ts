import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../../src/base/error.js'
import { readPlace } from '../../../src/data/place-reader.js'
import type { FileForm } from '../../../src/data/sources/found-image.js'
import { csvTable, jsonLines } from '../../../src/data/sources/image-table.js'
import { openEvaluationData, openTrainingData } from '../../../src/data/sources/open.js'
import { parquet } from '../../../src/data/sources/parquet.js'
import { tfRecords } from '../../../src/data/sources/tfrecords.js'
import { webDataset } from '../../../src/data/sources/webdataset.js'
import { InputFile } from '../../../src/formats/input-file.js'
import { temporaryFolder } from '../picture.js'
import { drawMiniature, exampleOfImage, forms, put } from './miniature.js'
import { parquetOf } from './parquet-writer.js'
import { exampleOf, type Files, recordsOf, tarOf, text } from './writers.js'

const images = await drawMiniature()
const [first] = images.train

const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

/** A folder with a file, or several, in it. */
async function folderOf(t: TestContext, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const [name, content] of Object.entries(files)) await put(path.join(folder, name), Buffer.from(content))
  return folder
}

const relativeTo = (
  folder: string,
  { items, classes }: { items: readonly { path: string; label: number }[]; classes: readonly string[] },
) => items.map(item => [path.relative(folder, item.path), classes[item.label]])

// TFRecords

const numbered = (labels: readonly number[]) =>
  recordsOf(
    labels.map((label, i) =>
      exampleOf({
        'image/class/label': { integers: [label] },
        'image/encoded': { bytes: [first!.bytes] },
        'image/filename': text(`${i}.jpg`),
      }),
    ),
  )

test('the boxes of records are held within the image; those without an area are left out', async t => {
  const folder = await temporaryFolder(t)
  await forms.TFRecords!(folder, images)
  const { train } = await openTrainingData(folder)
  assert.deepEqual(train.items[0]!.boxes, [0.25, 0, 0.75, 0.5])
  const item = train.items.find(({ path: name }) => name.endsWith(` › ${first!.name}`))!
  assert.deepEqual(Buffer.from(await readPlace(item)), Buffer.from(first!.bytes))
})

for (const [what, from, labels, files, names] of [
  ['from 0', 0, [2, 0, 1], {}, ['0', '1', '2']],
  ['from 1, after the background', 1, [3, 1, 2], {}, ['1', '2', '3']],
  ['of two digits', 0, [10, 0], {}, ['00', '01', '02', '03', '04', '05', '06', '07', '08', '09', '10']],
  ['named in order, from 1', 1, [3, 1], { 'classes.txt': 'n01440764 tench\nbee\nyak\n' }, ['n01440764', 'bee', 'yak']],
  ['named in order, from 0', 0, [0, 1], { 'classes.txt': 'ant\nbee\nyak\n' }, ['ant', 'bee', 'yak']],
  ['named in order after the background', 1, [2, 1], { 'classes.txt': 'background\nbee\nyak\n' }, ['bee', 'yak']],
  ['named by number', 0, [2, 1], { 'labels.txt': '0:ant\n1:bee\n2:yak\n' }, ['ant', 'bee', 'yak']],
  ['named with the background', 1, [2, 1], { 'labels.txt': '0:background\n1:bee\n2:yak\n' }, ['bee', 'yak']],
] as const)
  test(`classes of records by numbers ${what}`, async t => {
    const folder = await folderOf(t, { 'a-train-00000-of-00001': numbered(labels), ...files })
    await put(path.join(folder, 'a-val-00000-of-00001'), numbered(labels.slice(0, 1)))
    const { train, val } = await openTrainingData(folder)
    assert.deepEqual(train.classes, names)
    assert.deepEqual(
      train.items.map(item => item.label),
      labels.map(label => label - from).sort((a, b) => a - b),
    )
    assert.equal(val.items[0]!.label, labels[0] - from)
  })

for (const [what, labels, files, message] of [
  [
    'numbers that could count from 0 or 1',
    [2, 1],
    { 'classes.txt': 'a\nb\nc\nd\n' },
    /classes\.txt has 4 names .* from 0 or 1: .*labels\.txt/,
  ],
  [
    'numbers that lack the first or the last',
    [3, 1],
    { 'classes.txt': 'a\nb\nc\nd\n' },
    /from 1 to 3, so it cannot be told/,
  ],
  ['numbers beyond the names', [0, 4], { 'classes.txt': 'a\nb\n' }, /classes\.txt names no class 4/],
  ['a name that comes twice', [0, 1], { 'classes.txt': 'a\na\n' }, /has the class 'a' twice/],
  ['numbers out of order', [0, 1], { 'labels.txt': '0:a\n2:b\n' }, /labels\.txt, line 2: the numbers are not in order/],
  ['names without numbers', [0, 1], { 'labels.txt': 'a\n' }, /labels\.txt, line 1: 'a' is no number and name/],
  ['a class beyond reason', [0, 2 ** 30], {}, /class with the number 1073741824/],
] as const)
  test(`${what}: told`, async t => {
    const folder = await folderOf(t, { 'val-00000-of-00001': numbered(labels), ...files })
    await assert.rejects(openEvaluationData(folder), tells(message))
  })

for (const [numbering, labels, files, expected] of [
  [
    'from-zero',
    [2, 1],
    {},
    [
      ['0', '1', '2'],
      [1, 2],
    ],
  ],
  [
    'from-one',
    [2, 1],
    {},
    [
      ['1', '2'],
      [0, 1],
    ],
  ],
  [
    'from-zero',
    [2, 1],
    { 'classes.txt': 'a\nb\nc\nd\n' },
    [
      ['a', 'b', 'c', 'd'],
      [1, 2],
    ],
  ],
  [
    'from-one',
    [2, 1],
    { 'classes.txt': 'a\nb\nc\nd\n' },
    [
      ['a', 'b', 'c', 'd'],
      [0, 1],
    ],
  ],
  ['from-zero', [3, 1], { 'classes.txt': 'a\nb\nc\n' }, /classes\.txt names no class 3, which images have/],
  ['from-one', [1, 0], {}, /has images of the class 0, so that its classes do not count from 1/],
  [
    'from-zero',
    [1, 2],
    { 'labels.txt': '0:background\n1:b\n2:c\n' },
    /labels\.txt names classes from 1 on, not from 0/,
  ],
  ['from-one', [1, 2], { 'labels.txt': '0:a\n1:b\n2:c\n' }, /labels\.txt names classes from 0 on, not from 1/],
] as const)
  test(`labels ${labels} said to count ${numbering}, with ${Object.keys(files).join() || 'no names'}`, async t => {
    const folder = await folderOf(t, { 'val-00000-of-00001': numbered(labels), ...files })
    const open = openEvaluationData(folder, { labels: numbering })
    if (expected instanceof RegExp) await assert.rejects(open, tells(expected))
    else assert.deepEqual([(await open).classes, (await open).items.map(item => item.label)], expected)
  })

test('to say from which number names count is an error', async t => {
  for (const form of ['TFRecords', 'archives of ILSVRC', 'class folders', 'CSV tables']) {
    const folder = await temporaryFolder(t)
    await forms[form]!(folder, images)
    const open = openTrainingData(folder, { labels: 'from-one' })
    await assert.rejects(open, tells(/have names and do not count from one: leave --labels out/), form)
  }
})

test('records that are no images of a class are told with their place', async t => {
  const told = async (features: Parameters<typeof exampleOf>[0], message: RegExp) => {
    const folder = await folderOf(t, { 'val-00000-of-00001': recordsOf([exampleOfImage(first!), exampleOf(features)]) })
    await assert.rejects(openEvaluationData(folder), tells(message))
  }
  const encoded = { 'image/encoded': { bytes: [first!.bytes] } }
  await told({ 'image/class/label': { integers: [1] } }, /-of-00001: the record at byte \d{3,} has no image\/encoded/)
  await told(encoded, /has neither image\/class\/label nor/)
  await told({ ...encoded, 'image/class/label': text('cat') }, /has a feature of another kind/)
  await told({ ...encoded, 'image/class/label': { integers: [2 ** 40] } }, /has a class out of range/)
  await told({ ...encoded, 'image/class/synset': { bytes: [Buffer.from([0xff])] } }, /a text that is not UTF-8/)
  await told(
    { ...encoded, 'image/class/synset': text('a'), 'image/object/bbox/xmin': { floats: [0] } },
    /sides are missing/,
  )
})

// WebDataset

const shard = (files: Readonly<Record<string, string | Uint8Array>>): Buffer =>
  tarOf(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)] as const))

test('classes of shards stand in .cls or .json; what is no image is passed over', async t => {
  const folder = await folderOf(t, {
    'a-000.tar': shard({
      'd.d/1.jpg': 'x',
      'd.d/1.cls': 'cat',
      '2.json': '{"label": "dog"}',
      '2.seg.png': 'x',
      '3.txt': '',
    }),
    'a-001.tar': shard({ '1.PNG': 'x', '1.json': '{"cls": "cat"}' }),
  })
  assert.deepEqual(relativeTo(folder, await openEvaluationData(folder)), [
    ['a-001.tar › 1.PNG', 'cat'],
    ['a-000.tar › d.d/1.jpg', 'cat'],
    ['a-000.tar › 2.seg.png', 'dog'],
  ])
  assert.equal((await openEvaluationData(path.join(folder, 'a-001.tar'))).items.length, 1, 'one shard alone')
})

for (const [what, files, message] of [
  ['an image without a class', { '1.jpg': 'x', '2.cls': '1' }, /a\.tar: the example '1' has no class: put a \.cls/],
  ['two images in one example', { '1.jpg': 'x', '1.png': 'x', '1.cls': '1' }, /'1' has two images, 1\.jpg and 1\.png/],
  ['a description that is no JSON', { '1.jpg': 'x', '1.json': '{' }, /a\.tar, 1\.json: line 1, column 2/],
  ['no image at all', { '1.txt': 'x' }, /a\.tar has no images/],
] as const)
  test(`${what} in a shard: told`, async t => {
    await assert.rejects(openEvaluationData(await folderOf(t, { 'a.tar': shard(files) })), tells(message))
  })

test('an image that is twice in a shard is told', async t => {
  const example: Files = [
    ['1.jpg', Buffer.from('x')],
    ['1.cls', Buffer.from('1')],
  ]
  const folder = await folderOf(t, { 'a.tar': tarOf([...example, ['2.txt', Buffer.alloc(0)], ...example]) })
  await assert.rejects(openEvaluationData(folder), tells(/a\.tar › 1\.jpg is there twice/))
})

// Tables

test('a table may be given by itself; paths are relative to it, or whole', async t => {
  const folder = await folderOf(t, {
    'list.csv': '\ufeffid,label,filename\n1,"a ""b"", c","x, y.jpg"\n\n2,z,/elsewhere/1.png\n',
  })
  const set = await openEvaluationData(path.join(folder, 'list.csv'))
  assert.deepEqual(set.classes, ['a "b", c', 'z'])
  assert.deepEqual(
    set.items.map(item => item.path),
    [path.join(folder, 'x, y.jpg'), '/elsewhere/1.png'],
  )
})

for (const [name, content, message] of [
  ['val.csv', '', /val\.csv, line 1: there is no header/],
  ['val.csv', 'a,b\n1,2\n', /val\.csv, line 1: the header has none of the columns path, /],
  ['val.csv', 'path,label\na.jpg,\n', /val\.csv, line 2: there is no class/],
  ['val.csv', 'path,label\na.jpg,1\n"b\n.jpg",1\na.jpg,2\n', /val\.csv, line 5: 'a\.jpg' stands in line 2 already/],
  ['val.csv', 'path,label\n"a.jpg,1\n', /val\.csv, line 2: a quote has no end/],
  ['val.csv', 'path,label\n', /val\.csv has no images/],
  ['val.jsonl', '{"path": "a.jpg", "label": 1}\n[]\n', /val\.jsonl, line 2: there is no JSON object/],
  ['val.jsonl', '{"label": 1}\n', /val\.jsonl, line 1: there is no path/],
  ['val.jsonl', '{"path": 1', /val\.jsonl, line 1: line 1, column/],
] as const)
  test(`the table ${name} of ${JSON.stringify(content)}: told`, async t => {
    await assert.rejects(openEvaluationData(await folderOf(t, { [name]: content })), tells(message))
  })

test("metadata of images in folders, as Hugging Face's, says their classes; without it folders do", async t => {
  const table = 'file_name,label\nimages/1.jpg,cat\nimages/2.jpg,dog\n'
  const files = { 'images/1.jpg': 'x', 'images/2.jpg': 'x', 'metadata.csv': table }
  const folder = await folderOf(t, files)
  assert.deepEqual((await openEvaluationData(folder)).classes, ['cat', 'dog'], 'the folder alone')
  await writeFile(path.join(folder, 'metadata.csv'), 'file_name,caption\nimages/1.jpg,a cat\n')
  await assert.rejects(
    openEvaluationData(folder),
    tells(/the columns label, .*; without this file, folders are classes$/),
  )
  await put(path.join(folder, 'val/cat/1.jpg'), Buffer.from('x'))
  assert.deepEqual((await openEvaluationData(folder)).classes, ['cat'], 'a table of the whole beside class folders')
})

test('a validation image of a class that training has not is told; a class without validation images is not', async t => {
  const folder = await folderOf(t, { 'train.csv': 'path,label\na,1\nb,2\n', 'val.csv': 'path,label\nc,2\n' })
  const { val } = await openTrainingData(folder)
  assert.deepEqual([val.classes, val.items[0]!.label], [['1', '2'], 1])
  await writeFile(path.join(folder, 'val.csv'), 'path,label\nc,3\n')
  await assert.rejects(openTrainingData(folder), tells(/c has the class '3', which no training image has/))
  await writeFile(path.join(folder, 'val.csv'), 'path,label\n')
  await assert.rejects(openTrainingData(folder), tells(/val\.csv has no images/))
})

test('a set that is missing is told', async t => {
  const folder = await folderOf(t, { 'train.csv': 'path,label\na,1\n' })
  await assert.rejects(openTrainingData(folder), tells(/holds no images for 'val'/))
  await assert.rejects(openEvaluationData(folder), tells(/holds no images for 'val'/))
})

// Damage

const samples: readonly (readonly [FileForm, Buffer])[] = [
  [tfRecords, recordsOf(images.val.map(image => exampleOfImage({ ...image, bytes: image.bytes.subarray(0, 20) })))],
  [webDataset, shard({ '1.jpg': 'x', '1.cls': '1', 'f/2.png': 'x', 'f/2.json': '{"label": "dog", "more": [1, {}]}' })],
  [parquet, parquetOf([{ bytes: Buffer.from('x'), path: '1.jpg', label: 1 }])],
  [csvTable, Buffer.from('path,label\n"a, ""b"".jpg",cat\r\nb.jpg,dog\n')],
  [jsonLines, Buffer.from('{"path": "a.jpg", "label": 1}\n{"path": "b.jpg", "label": "x"}\n')],
]

for (const [form, whole] of samples)
  test(`damaged ${form.title} are read, or refused in one line; no image lies outside its file`, async t => {
    const file = path.join(await temporaryFolder(t), 'damaged')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(whole.length)),
        async (changes, cut) => {
          const damaged = Buffer.from(whole)
          for (const [at, byte] of changes) damaged[at] = byte
          await writeFile(file, damaged.subarray(0, cut ?? undefined))
          using input = new InputFile(file)
          try {
            for (const { part } of form.scan(input))
              if (part) assert.ok(part.begin >= 0 && part.size >= 0 && part.begin + part.size <= input.size)
          } catch (error) {
            assert.ok(error instanceof UserError, String(error))
            assert.doesNotMatch(error.message, /\n/)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
