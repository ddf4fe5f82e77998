import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../../src/base/error.js'
import { drawContactSheet } from '../../../src/data/inspection/contact-sheet.js'
import { inspectData, spreadOf } from '../../../src/data/inspection/inspection.js'
import type { Finding } from '../../../src/data/inspection/labels.js'
import { listSplits } from '../../../src/data/inspection/splits.js'
import { sharp } from '../../../src/data/sharp.js'
import { writeDirt } from '../dirt.js'
import { noise, pipeline, ramp, temporaryFolder, writeTree } from '../picture.js'
import { classes, drawMiniature, forms } from '../sources/miniature.js'

const told = (findings: readonly Finding[], kind: Finding['kind']) =>
  findings.filter(each => each.kind === kind).map(each => each.message)

test('counts, sizes and formats are those of the files', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, {
    'train/a/1.jpg': ramp(40, 20),
    'train/a/2.jpg': ramp(30, 30),
    'train/b/deep/3.png': await pipeline(noise(1, 10, 50))
      .png()
      .toBuffer(),
    'val/a/4.jpg': ramp(41, 21),
    'val/b/5.jpg': ramp(31, 29),
  })
  const { splits, findings } = await inspectData(await listSplits(root))
  assert.deepEqual(
    splits.map(({ name, images, classes, formats }) => ({ name, images, classes, formats })),
    [
      { name: 'train', images: 3, classes: { a: 2, b: 1 }, formats: { jpeg: 2, png: 1 } },
      { name: 'val', images: 2, classes: { a: 1, b: 1 }, formats: { jpeg: 2 } },
    ],
  )
  assert.deepEqual(splits[0]!.sizes, {
    width: { least: 10, median: 30, most: 40 },
    height: { least: 20, median: 30, most: 50 },
    aspect: { least: 0.2, median: 1, most: 2 },
  })
  assert.deepEqual(findings, [])
})

test('every kind of dirt is told by its word', async t => {
  const root = await temporaryFolder(t)
  const dirt = await writeDirt(path.join(root, 'a'))
  const [split] = (await inspectData(await listSplits(root))).splits
  const odd = Object.fromEntries(split!.oddities.map(({ oddity, first }) => [oddity, first]))
  assert.deepEqual(odd, {
    'named as another format': ['a/png-named.JPEG'],
    CMYK: ['a/cmyk.JPEG'],
    grey: ['a/grey.jpg'],
    '16 bits': ['a/deep.png'],
    transparent: ['a/clear.png'],
    animated: ['a/moving.webp'],
    'turned by EXIF': ['a/turned.jpg'],
    tiny: ['a/moving.webp'],
  })
  // The pixels are not looked at, so the image cut behind its header passes.
  assert.deepEqual(
    split!.bad.map(note => path.basename(note.path)),
    [...dirt.bad.keys()].filter(name => name !== 'cut.jpg').sort(),
  )
  for (const { path: file, reason } of split!.bad) assert.match(reason, dirt.bad.get(path.basename(file))!)
})

test('doubtful labels are told', async t => {
  const root = await temporaryFolder(t)
  const twin = await pipeline(noise(7, 9, 9))
    .png()
    .toBuffer()
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`train/Big Cat/${i}.jpg`, noise(i, 8, 8)]))
  await writeTree(root, {
    ...many,
    'train/big-cat/0.png': twin,
    'train/images/1.jpg': noise(20, 8, 8),
    'train/stray.jpg': noise(21, 8, 8),
    'val/Big Cat/0.png': twin,
    'val/dog/1.jpg': noise(22, 8, 8),
  })
  await mkdir(path.join(root, 'val/images'))
  const { findings } = await inspectData(await listSplits(root))
  const [train, val] = [path.join(root, 'train'), path.join(root, 'val')]
  assert.deepEqual(told(findings, 'empty class'), [`the class folder 'images' of ${val} has no images`])
  assert.deepEqual(told(findings, 'strays'), [`1 images lie in ${train} itself and belong to no class`])
  assert.deepEqual(told(findings, 'imbalance'), [`the classes of ${train} have from 1 to 11 images`])
  assert.deepEqual(told(findings, 'class of one split'), [
    `only ${train} has the class 'big-cat'`,
    `only ${val} has the class 'dog'`,
  ])
  assert.deepEqual(told(findings, 'suspicious name'), [
    "'images' is the name of a part of a data set, and counts as a class here",
    "the classes 'Big Cat' and 'big-cat' differ in case, spaces or dashes only",
  ])
  assert.deepEqual(told(findings, 'same image'), [
    `the same image is there 2 times in both splits, under 2 labels: ${train}/big-cat/0.png, ${val}/Big Cat/0.png`,
  ])
})

test('files of one length and one beginning are no twins unless all their bytes agree', async t => {
  const root = await temporaryFolder(t)
  const bytes = await pipeline(noise(3, 90, 90))
    .png({ compressionLevel: 0 })
    .toBuffer()
  const other = Buffer.from(bytes)
  other[other.length - 1]! ^= 1
  await writeTree(root, { 'a/1.png': bytes, 'a/2.png': other, 'b/3.png': bytes })
  const { findings } = await inspectData(await listSplits(root))
  assert.deepEqual(told(findings, 'same image'), [
    `the same image is there 2 times under 2 labels: ${root}/a/1.png, ${root}/b/3.png`,
  ])
})

test('a folder of images without classes is looked at too; one without images is refused', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, { '1.jpg': ramp(8, 8), '2.jpg': ramp(9, 9) })
  const splits = await listSplits(root)
  const { findings } = await inspectData(splits)
  assert.deepEqual(
    findings.map(each => each.kind),
    ['no classes'],
  )
  await mkdir(path.join(root, 'empty'))
  await assert.rejects(listSplits(path.join(root, 'empty')), UserError)
  await assert.rejects(listSplits(path.join(root, 'none')), UserError)
})

test("archives are looked at as they are; ILSVRC's classes are its WNIDs", async t => {
  const root = await temporaryFolder(t)
  await forms['archives of ILSVRC']!(root, await drawMiniature())
  const { splits, findings } = await inspectData(await listSplits(root))
  assert.deepEqual(
    splits.map(({ title, images, classes, bad }) => ({ title, images, classes, bad })),
    [
      { title: `${root} (train)`, images: 12, classes: Object.fromEntries(classes.map(wnid => [wnid, 4])), bad: [] },
      { title: `${root} (val)`, images: 6, classes: Object.fromEntries(classes.map(wnid => [wnid, 2])), bad: [] },
    ],
  )
  assert.deepEqual(findings, [])
})

test('the median is one of the numbers', () => {
  assert.deepEqual(spreadOf(Float64Array.of(4, 1, 3, 2)), { least: 1, median: 2, most: 4 })
})

test('the contact sheet shows the images of each class in its row, and a bad one in red', async t => {
  const root = await temporaryFolder(t)
  const plain = (background: string) => sharp({ create: { width: 30, height: 30, channels: 3, background } }).png()
  const solid = (background: string) => plain(background).toBuffer()
  await writeTree(root, {
    'a <&> b/1.png': await solid('#00ff00'),
    'a <&> b/2.png': await solid('#0000ff'),
    'c/1.png': Buffer.from('no image'),
  })
  const [split] = await listSplits(root)
  const preprocessing = { kind: 'train', size: 32, colour: 'none' } as const
  const { png } = await drawContactSheet(split!, { preprocessing, seed: 1, rows: 5, columns: 3 })
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([info.width, info.height, info.channels], [4 + 2 * 36, 4 + 2 * 60, 3])
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)]
  const [firstRow, secondRow] = [4 + 24 + 16, 4 + 60 + 24 + 16]
  assert.deepEqual(at(4 + 16, firstRow), [0, 255, 0])
  assert.deepEqual(at(4 + 36 + 16, firstRow), [0, 0, 255])
  assert.deepEqual(at(4 + 16, secondRow), [0xb0, 0x20, 0x20])
  assert.deepEqual(at(4 + 36 + 16, secondRow), [0xf4, 0xf4, 0xf4])
})
