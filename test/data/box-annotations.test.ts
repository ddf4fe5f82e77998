import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { boxesIn, boxFile, readBoxes } from '../../src/data/box-file.js'
import { BoxList } from '../../src/data/box-list.js'
import { boxLines } from '../../src/data/box-table.js'
import { temporaryFolder } from './picture.js'
import { annotationOf } from './sources/annotations.js'
import { put } from './sources/miniature.js'
import { type Files, tarOf } from './sources/writers.js'

/** Names as they stand in the archive of training boxes. */
const annotations: Files = [
  ['n01440764/n01440764_1.xml', annotationOf([64, 128], ['n01440764', [16, 32, 48, 96]])],
  // Beyond the image, out of order, without an area; a name in words, as those of many dogs are.
  [
    'n02092002/n02092002_2.xml',
    annotationOf(
      [100, 200],
      ['Scottish_deerhound', [90, -20, 30, 250]],
      ['n02092002', [120, 0, 150, 9]],
      ['n02092002', [0, 0, 1, 200 / 3]],
    ),
  ],
  // Of another class than its folder's: it does not count.
  ['n02092002/n02092002_3.xml', annotationOf([10, 10], ['n01440764', [1, 1, 2, 2]])],
  // Halves of a ten-thousandth are printed with an even digit.
  ['n02092002/n02092002_4.xml', annotationOf([32, 32], ['n02092002', [1, 3, 5, 7]])],
  ['n02092002/n02092002_5.xml', annotationOf([32, 32])],
]
const expected = {
  n01440764_1: [0.25, 0.25, 0.75, 0.75],
  n02092002_2: [0.3, 0, 0.9, 1, 0, 0, 0.01, 0.3333],
  n02092002_4: [0.0312, 0.0938, 0.1562, 0.2188],
}

const boxesOf = async (place: string) => {
  const found: [string, readonly number[]][] = []
  for await (const { name, boxes } of boxesIn(place)) if (boxes.length > 0) found.push([name, boxes])
  return Object.fromEntries(found)
}

const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

test("ILSVRC's annotations are the same boxes packed, by class, unpacked, and as the table made of them", async t => {
  const folder = await temporaryFolder(t)
  const at = (name: string) => path.join(folder, name)
  await writeFile(at('ILSVRC2012_bbox_train_v2.tar.gz'), gzipSync(tarOf(annotations)))
  await writeFile(at('plain.tar'), tarOf(annotations.map(([name, bytes]) => [`./train/${name}`, bytes])))
  const [first, ...others] = annotations
  const byClass: Files = [
    ['n01440764.tar', tarOf([first!])],
    ['n02092002.tar.gz', gzipSync(tarOf(others.map(([name, bytes]) => [`Annotation/${name}`, bytes])))],
    ['readme.txt', Buffer.from('no annotation')],
  ]
  await writeFile(at('classes.tgz'), gzipSync(tarOf(byClass)))
  for (const [name, bytes] of annotations) await put(path.join(folder, 'unpacked', name), bytes)
  await put(at('unpacked/readme.txt'), Buffer.from(''))
  let table = ''
  for await (const boxes of boxesIn(at('plain.tar'))) table += boxLines(boxes)
  assert.match(table, /^n01440764_1\.JPEG,0\.2500,0\.2500,0\.7500,0\.7500\n/)
  await writeFile(at('boxes.csv'), table)
  for (const name of ['ILSVRC2012_bbox_train_v2.tar.gz', 'plain.tar', 'classes.tgz', 'unpacked'])
    assert.deepEqual(await boxesOf(at(name)), expected, name)

  const images = {
    root: 'train',
    items: Object.keys(expected).map(name => ({ path: `train/${name.split('_')[0]}/${name}.JPEG`, label: 0 })),
  }
  const boxes = await readBoxes(at('unpacked'), images)
  assert.deepEqual(await readBoxes(at('boxes.csv'), images), boxes)
  assert.equal(new BoxList(boxes).of(1, { width: 100, height: 100 }).length, 2)

  const before = await boxFile(at('unpacked'))
  assert.deepEqual(await boxFile(at('unpacked')), before)
  await put(at('unpacked/n02092002/n02092002_5.xml'), annotations[0]![1])
  assert.notEqual((await boxFile(at('unpacked'))).sha256, before.sha256)
})

const xml = (...lines: string[]) => Buffer.from(`<annotation>${lines.join('\n')}</annotation>`)
const size = '<size><width>9</width><height>9</height></size>'
const box = '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>'

test('parts of objects are passed over; comments, declarations and data in brackets are understood', async t => {
  const folder = await temporaryFolder(t)
  const part = `<part><name>head</name>${box}</part>`
  await put(
    path.join(folder, 'a.xml'),
    Buffer.concat([
      Buffer.from('\ufeff<?xml version="1.0"?><!-- made by hand -->\n'),
      xml(size, `<object>${part}<name><![CDATA[a <dog>]]></name>${box}</object>`),
    ]),
  )
  assert.deepEqual(await boxesOf(folder), { a: [0.1111, 0.1111, 0.2222, 0.2222] })
})

/** What each entity stands for is ten of the one before. */
const laughter = `<!DOCTYPE annotation [<!ENTITY a "ha">${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  .map((name, i) => `<!ENTITY ${name} "${`&${String.fromCharCode(97 + i)};`.repeat(10)}">`)
  .join('')}]>`

for (const [what, bytes, message] of [
  ['no XML', Buffer.from('annotation'), /is no XML \(/],
  ['another document', Buffer.from('<html></html>'), /is no annotation but <html>/],
  ['an element without an end', Buffer.from(`<annotation>${size}`), /is no XML \(/],
  ['no size', xml(`<object>${box}</object>`), /has a width that is missing or no number/],
  ['an image of no size', xml('<size><width>0</width><height>9</height></size>'), /gives the image no size/],
  ['a side that is missing', xml(size, `<object>${box.replace(/<xmin>.*<.xmin>/, '')}</object>`), /has a xmin that is/],
  ['a side that is no number', xml(size, `<object>${box.replace('1', 'one')}</object>`), /has a xmin that is/],
  ['entities of its own', Buffer.from(`${laughter}<annotation>&i;</annotation>`), /is no XML \(.*undefined entity/],
  ['deep elements', xml('<a>'.repeat(1000), '</a>'.repeat(1000)), /has too many elements within each other/],
  ['no text', Buffer.from([0xff, 0xfe, 0xfd]), /is no text in UTF-8/],
  ['too much', xml(size, ' '.repeat(2 ** 20)), /is too large to be an annotation/],
] as const)
  test(`an annotation that is ${what}: told`, async t => {
    const folder = await temporaryFolder(t)
    await put(path.join(folder, 'a.xml'), bytes)
    await assert.rejects(boxesOf(folder), tells(new RegExp(`/a\\.xml ${message.source}`)))
    await put(path.join(folder, 'b.tar'), tarOf([['n1/a.xml', bytes]]))
    await assert.rejects(
      boxesOf(path.join(folder, 'b.tar')),
      tells(new RegExp(`b\\.tar › n1/a\\.xml ${message.source}`)),
    )
  })

test('a damaged archive of annotations is read, or refused in one line', async t => {
  const whole = tarOf(annotations.slice(0, 2))
  const file = path.join(await temporaryFolder(t), 'a.tar.gz')
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255))
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 4 }),
      fc.boolean(),
      fc.option(fc.nat(900)),
      async (list, zip, cut) => {
        const damaged = Buffer.from(whole)
        for (const [at, byte] of list) damaged[at] = byte
        const bytes = zip ? gzipSync(damaged) : damaged
        await writeFile(file, bytes.subarray(0, cut ?? undefined))
        try {
          for (const boxes of Object.values(await boxesOf(file))) assert.ok(boxes.every(side => side >= 0 && side <= 1))
        } catch (error) {
          assert.ok(error instanceof UserError, String(error))
          assert.doesNotMatch(error.message, /\n/)
        }
      },
    ),
    { numRuns: 200 },
  )
  await writeFile(file, gzipSync(whole).subarray(0, 200))
  await assert.rejects(boxesOf(file), tells(/a\.tar\.gz cannot be unpacked, it is damaged or cut short/))
  await writeFile(file, '')
  await assert.rejects(boxesOf(file), tells(/is damaged: the member at byte 0 is cut short/))
  await assert.rejects(boxesOf(path.join(file, 'b.tar')), tells(/cannot read .*b\.tar/))
})
