import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import type { ImageSet } from '../../../src/data/class-folder.js'
import { Loader } from '../../../src/data/loader.js'
import type { Preprocessing } from '../../../src/data/preprocessing.js'
import { openEvaluationData, openTrainingData } from '../../../src/data/sources/open.js'
import { temporaryFolder } from '../picture.js'
import { classes, drawMiniature, forms, placesIn, put } from './miniature.js'

const images = await drawMiniature()

const train: Preprocessing = { kind: 'train', size: 23, colour: 'fast' }
const evaluate: Preprocessing = { kind: 'views', crops: 'slim', size: 23 }

async function digestOf(set: ImageSet, preprocessing: Preprocessing): Promise<string> {
  await using loader = new Loader(set, { batch: 5, preprocessing, seed: 3, workers: 2, badImages: 'error' })
  const hash = createHash('sha256')
  for await (const { images, labels, indices } of preprocessing === train ? loader.steps(0, 6) : loader.pass())
    hash.update(images).update(labels).update(indices)
  return hash.digest('hex')
}

const digests = async ({ train: one, val }: { train: ImageSet; val: ImageSet }) => [
  await digestOf(one, train),
  await digestOf(val, evaluate),
]

let expected: readonly string[] | undefined
for (const [form, write] of Object.entries(forms))
  test(`the same images give the same batches from ${form}`, async t => {
    const folder = await temporaryFolder(t)
    await write(folder, images)
    const sets = await openTrainingData(folder)
    assert.deepEqual(sets.train.classes, classes)
    assert.deepEqual(sets.val.classes, classes)
    const found = await digests(sets)
    expected ??= found
    assert.deepEqual(found, expected)
    const again = await openTrainingData(folder)
    assert.deepEqual(placesIn(again.train), placesIn(sets.train), 'the second time, by the index')
    assert.deepEqual(placesIn(again.val), placesIn(sets.val))
    assert.deepEqual(placesIn(await openEvaluationData(folder)), placesIn(sets.val))
  })

test('class folders go before archives and tables beside them', async t => {
  const folder = await temporaryFolder(t)
  for (const form of ['shards of WebDataset', 'archives of ILSVRC', 'class folders']) await forms[form]!(folder, images)
  await put(path.join(folder, 'train.csv'), Buffer.from('id,breed\n'))
  const { train, val } = await openTrainingData(folder)
  assert.equal(train.root, path.join(folder, 'train'))
  assert.ok(val.items.every(({ part }) => part === undefined))
})

test('deep class folders with a table beside them are class folders', async t => {
  const folder = await temporaryFolder(t)
  for (const split of ['train', 'val']) {
    await put(path.join(folder, split, 'a/deep/1.jpg'), Buffer.from('x'))
    await put(path.join(folder, `${split}.csv`), Buffer.from('path,label\nx,y\n'))
  }
  assert.deepEqual((await openTrainingData(folder)).train.classes, ['a'])
  assert.deepEqual((await openEvaluationData(folder)).classes, ['a'])
})

test('a folder without anything to be read is told as before', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(path.join(folder, 'val'))
  await assert.rejects(openTrainingData(folder), /has no folder 'train'/)
  await assert.rejects(openEvaluationData(path.join(folder, 'none')), /none does not exist/)
})
