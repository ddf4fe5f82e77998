import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../../src/base/error.js'
import { openEvaluationData, openHeld, openTrainingData } from '../../../src/data/sources/open.js'
import { temporaryFolder } from '../picture.js'
import { drawMiniature, forms, placesIn, put, wnids } from './miniature.js'
import { devkitOf, tarOf } from './writers.js'

const images = await drawMiniature()

const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

test("ILSVRC's training archive is not touched to evaluate, and the kit may be unpacked", async t => {
  const folder = await temporaryFolder(t)
  await forms['archives of ILSVRC']!(folder, images)
  const expected = placesIn(await openEvaluationData(folder))
  const archive = path.join(folder, 'ILSVRC2012_img_val.tar')
  assert.deepEqual(placesIn(await openEvaluationData(archive)), expected, 'named by itself')
  await writeFile(path.join(folder, 'ILSVRC2012_img_train.tar'), 'no archive')
  assert.deepEqual(placesIn(await openEvaluationData(folder)), expected)
  execFileSync('tar', ['-xzf', 'ILSVRC2012_devkit_t12.tar.gz'], { cwd: folder })
  await rm(path.join(folder, 'ILSVRC2012_devkit_t12.tar.gz'))
  assert.deepEqual(placesIn(await openEvaluationData(folder)), expected)
  await assert.rejects(openTrainingData(folder), tells(/ILSVRC2012_img_train\.tar is damaged/))
})

for (const [what, change, message] of [
  ['no development kit', { 'ILSVRC2012_devkit_t12.tar.gz': undefined }, /has no ILSVRC2012_devkit_t12\.tar\.gz/],
  ['no archive for validation', { 'ILSVRC2012_img_val.tar': undefined }, /holds no images for 'val'/],
  [
    'a kit cut short',
    { 'ILSVRC2012_devkit_t12.tar.gz': devkitOf(wnids, [1]).subarray(0, 90) },
    /devkit_t12\.tar\.gz cannot be unpacked/,
  ],
  [
    'a kit with fewer images',
    { 'ILSVRC2012_devkit_t12.tar.gz': devkitOf(wnids, [1, 2]) },
    /has 6 images and .* the classes of 2/,
  ],
  [
    'a kit with an ID out of range',
    { 'ILSVRC2012_devkit_t12.tar.gz': devkitOf(wnids, [1, 4]) },
    /line 2: '4' is no ID from 1 to 3/,
  ],
  ['an empty kit', { 'ILSVRC2012_devkit_t12/readme.txt': '' }, /ILSVRC2012_devkit_t12 has no data\/meta\.mat/],
  [
    'a class that the kit has not',
    { 'ILSVRC2012_devkit_t12.tar.gz': devkitOf(wnids.slice(1), [1, 1, 1, 1, 1, 1]) },
    /has the class 'n02119789'/,
  ],
  [
    'other files among the classes',
    { 'ILSVRC2012_img_train.tar': tarOf([['a.jpg', Buffer.alloc(3)]]) },
    /img_train\.tar holds a\.jpg, and is known to hold archives/,
  ],
  [
    'other files for validation',
    { 'ILSVRC2012_img_val.tar': tarOf([['a.txt', Buffer.alloc(3)]]) },
    /img_val\.tar holds a\.txt, and is known to hold images/,
  ],
] as const)
  test(`ILSVRC's archives with ${what}: told`, async t => {
    const folder = await temporaryFolder(t)
    await forms['archives of ILSVRC']!(folder, images)
    for (const [name, content] of Object.entries(change)) {
      if (content === undefined) await rm(path.join(folder, name))
      else await put(path.join(folder, name), Buffer.from(content))
    }
    await assert.rejects(openTrainingData(folder), tells(message))
  })

test('what is half unpacked: a class is read from its archive, or its folder where that is gone', async t => {
  const folder = await temporaryFolder(t)
  await forms['archives of classes half unpacked']!(folder, images)
  const { train, val } = await openTrainingData(folder)
  assert.deepEqual([train.items.length, train.items.filter(item => item.part).length], [12, 8])
  assert.ok(val.items.every(item => item.part === undefined))
  assert.deepEqual(placesIn(await openEvaluationData(folder)).length, 6)
  const { train: alone } = (await openHeld(path.join(folder, 'train'), ['train']))!
  assert.deepEqual(placesIn(alone!), placesIn(train), 'the folder of archives by itself')
})

test('archives of classes may lie beside the validation archive and the kit', async t => {
  const folder = await temporaryFolder(t)
  await forms['archives of classes']!(folder, images)
  const { train, val } = await openTrainingData(folder)
  for (const wnid of wnids) await rename(path.join(folder, 'train', `${wnid}.tar`), path.join(folder, `${wnid}.tar`))
  const beside = await openTrainingData(folder)
  assert.deepEqual(placesIn(beside.val), placesIn(val))
  assert.deepEqual(
    beside.train.items.map(item => [item.label, path.basename(item.path)]),
    train.items.map(item => [item.label, path.basename(item.path)]),
  )
  await rm(path.join(folder, 'ILSVRC2012_img_val.tar'))
  await assert.rejects(openTrainingData(folder), tells(/holds no images for 'val'/))
})

test('training images that are unpacked, and a validation archive that is not', async t => {
  const folder = await temporaryFolder(t)
  await forms['class folders']!(folder, images)
  await forms['archives of ILSVRC']!(folder, images)
  const packed = placesIn(await openEvaluationData(path.join(folder, 'ILSVRC2012_img_val.tar')))
  await rm(path.join(folder, 'val'), { recursive: true })
  const { train, val } = await openTrainingData(folder)
  assert.ok(train.items.every(item => item.part === undefined))
  assert.deepEqual(placesIn(val), packed)
  assert.deepEqual(placesIn(await openEvaluationData(folder)), packed)
})

for (const [what, change, message] of [
  ['one archive cut short', { 'train/n02119789.tar': Buffer.alloc(700, 1) }, /train\/n02119789\.tar is damaged/],
  ['an archive without images', { 'train/n02119789.tar': tarOf([]) }, /the class .*n02119789\.tar has no images/],
  ['an empty folder', { 'train/n07714990/a.txt': '' }, /the class .*train\/n07714990 has no images: get it again/],
  ['another folder', { 'train/more/n02119789_9.JPEG': '' }, /train\/more is no class as those beside it are/],
  [
    'a class that was never there',
    { 'ILSVRC2012_devkit_t12.tar.gz': devkitOf([...wnids, 'n09999999'], [1, 1, 1, 1, 1, 1]) },
    /has no training images of n09999999, which is a class by .*devkit_t12\.tar\.gz: unpack ILSVRC2012_img_train/,
  ],
  ['one class more for validation', { 'val/n09999999/a.JPEG': 'x' }, /has the class 'n09999999', which no training/],
] as const)
  test(`archives of classes with ${what}: told`, async t => {
    const folder = await temporaryFolder(t)
    await forms['archives of classes half unpacked']!(folder, images)
    await rm(path.join(folder, 'train/n07714990'), { recursive: true })
    for (const image of images.train.filter(({ wnid }) => wnid === 'n07714990' && what !== 'an empty folder'))
      await put(path.join(folder, 'train', image.wnid, image.name), image.bytes)
    for (const [name, content] of Object.entries(change)) await put(path.join(folder, name), Buffer.from(content))
    await assert.rejects(openTrainingData(folder), tells(message))
  })
