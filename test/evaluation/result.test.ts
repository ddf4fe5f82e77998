import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { expectNumbers, type Member, resultOf } from '../../src/evaluation/result.js'
import { writeResult } from '../../src/evaluation/result-folder.js'
import { ensembleOf, type RowSource, rowFrom, rowsAsCsv } from '../../src/evaluation/row.js'
import { temporaryFolder } from '../data/picture.js'

const source: RowSource = {
  model: 'inception-v4',
  parameters: 42_679_816,
  size: 299,
  cropShare: 0.875,
  interpolation: 'bicubic',
  crops: '1 crop: short side 341, bicubic',
  members: 1,
  seed: null,
  weights: 'ab12',
  subset: 'all',
  scores: { top1Error: 0.19856, top5Error: 0.05018, images: 50_000 },
  badImages: 0,
  precision: 'f32',
  backend: 'onednn 2.6',
}

test('the first columns of a row are those of timm, to the letter', () => {
  const [header, row] = rowsAsCsv([rowFrom(source)]).split('\n')
  assert.equal(
    header!.split(',').slice(0, 9).join(),
    'model,top1,top1_err,top5,top5_err,param_count,img_size,crop_pct,interpolation',
  )
  // timm's own line of its inception_v4.tf_in1k, apart from the name.
  assert.equal(row!.split(',').slice(1, 9).join(), '80.144,19.856,94.982,5.018,42.68,299,0.875,bicubic')
})

test('then come intervals and everything the numbers depend on', () => {
  const row = rowFrom(source)
  const { model, top1, top1_err, top5, top5_err, param_count, img_size, crop_pct, interpolation, ...ours } = row
  assert.deepEqual(ours, {
    top1_low: 79.792,
    top1_high: 80.491,
    top5_low: 94.787,
    top5_high: 95.17,
    crops: '1 crop: short side 341, bicubic',
    ensemble: 1,
    subset: 'all',
    images: 50_000,
    images_bad: 0,
    seed: null,
    weights_sha256: 'ab12',
    precision: 'f32',
    backend: 'onednn 2.6',
  })
  assert.match(rowsAsCsv([row]), /,95\.170,"1 crop: short side 341, bicubic",1,all,50000,0,,ab12,f32,onednn 2\.6\n$/)
})

test('an ensemble names its members, and says of its settings only what they share', () => {
  const small = { ...source, model: 'inception-resnet-v2', parameters: 1_000_000, seed: '2', weights: 'cd' }
  const { model, parameters, size, cropShare, interpolation, crops, members, seed, weights } = ensembleOf([
    { ...source, seed: '1' },
    small,
    { ...small, size: 224, crops: 'other' },
  ])
  assert.equal(model, 'inception-v4 + 2 × inception-resnet-v2')
  assert.deepEqual([parameters, size, cropShare, interpolation], [44_679_816, null, 0.875, 'bicubic'])
  assert.deepEqual(
    [crops, members, seed, weights],
    ['1 crop: short side 341, bicubic; other', 3, '1 2 2', 'ab12 cd cd'],
  )
  assert.equal(ensembleOf([source, small]).seed, null)
})

const images = {
  root: 'val',
  classes: ['cat', 'dog'],
  items: ['a', 'b', 'c', 'd'].map((name, i) => ({ path: `val/${name}.jpg`, label: i % 2 })),
}
const member = (name: string, labels: number[], ...rows: number[][]): Member => ({
  ...source,
  checkpoint: `${name}.safetensors`,
  predictions: { classes: 2, labels: Int32Array.from(labels), probabilities: Float32Array.from(rows.flat()) },
})
const one = member('one', [0, 1, 0, 1], [1, 0], [1, 0], [0.25, 0.75], [0, 1])
const two = member('two', [0, 1, 0, -1], [1, 0], [0, 1], [0.5, 0.5], [0, 0])
const options = { images, badImages: [{ path: 'val/d.jpg', reason: 'cut short' }], precision: 'f32', backend: 'x' }
const subset = { name: 'without b', images: Uint8Array.of(1, 0, 1, 1) }

test('one pass gives the scores on all images and on the subset, and their difference', () => {
  const result = resultOf([one], { ...options, badImages: [], subset })
  const [all] = result.members
  assert.deepEqual([all!.top1Error, all!.images, all!.subset!.top1Error, all!.subset!.images], [1 / 2, 4, 1 / 3, 3])
  assert.equal(all!.subset!.top1Difference, 1 / 3 - 1 / 2)
  assert.equal(all!.subset!.top5Difference, 0)
  assert.deepEqual(result.subset, { name: 'without b', images: 3 })
  assert.equal(result.ensemble, undefined)
  assert.deepEqual(
    result.rows.map(row => [row.subset, row.top1_err, row.images]),
    [
      ['all', 50, 4],
      ['without b', 33.333, 3],
    ],
  )
})

test('an ensemble has a row of its own, and what went wrong is its', () => {
  const result = resultOf([one, two], options)
  assert.deepEqual(
    result.rows.map(row => [row.ensemble, row.images, row.images_bad]),
    [
      [1, 4, 1],
      [1, 3, 1],
      [2, 3, 1],
    ],
  )
  assert.deepEqual(result.mistakes, [
    { path: 'val/c.jpg', label: 'cat', predicted: 'dog', probability: 0.625 },
    { path: 'val/b.jpg', label: 'dog', predicted: 'cat', probability: 0.5 },
  ])
  assert.deepEqual(result.confusions, [
    { label: 'cat', predicted: 'dog', count: 1 },
    { label: 'dog', predicted: 'cat', count: 1 },
  ])
})

test('a result is written as JSON and as tables', async t => {
  const folder = await temporaryFolder(t)
  const result = resultOf([one, two], { ...options, subset })
  writeResult(folder, result)
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
  assert.deepEqual(JSON.parse(read('result.json')), JSON.parse(JSON.stringify(result)))
  assert.equal(read('result.csv'), rowsAsCsv(result.rows))
  assert.equal(
    read('per-class.csv'),
    'class,images,top1,top1_err,top5,top5_err\ncat,2,50.000,50.000,100.000,0.000\ndog,1,0.000,100.000,100.000,0.000\n',
  )
  assert.equal(read('confusion.csv'), 'class,predicted,images\ncat,dog,1\ndog,cat,1\n')
  assert.equal(
    read('mistakes.csv'),
    'image,class,predicted,probability\nval/c.jpg,cat,dog,0.625000\nval/b.jpg,dog,cat,0.500000\n',
  )
  assert.equal(readdirSync(folder).length, 5)
})

test('a folder that cannot be written to is named', async t => {
  const folder = await temporaryFolder(t)
  mkdirSync(path.join(folder, 'result.csv'))
  assert.throws(() => writeResult(folder, resultOf([one], options)), UserError)
})

test('no images give no scores, and what is no number is told', () => {
  const unread = member('unread', [-1, -1, -1, -1], [0, 0], [0, 0], [0, 0], [0, 0])
  const tells = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message)
  assert.throws(() => resultOf([unread], options), tells(/no image of val could be read/))
  const onlyD = { name: 'in list.txt', images: Uint8Array.of(0, 0, 0, 1) }
  assert.throws(() => resultOf([two], { ...options, subset: onlyD }), tells(/no image of the subset 'in list\.txt'/))
  const broken = member('broken', [0, 1, 0, 1], [1, 0], [1, 0], [0, Number.NaN], [0, 1])
  assert.throws(
    () => expectNumbers(broken.predictions, broken.checkpoint, images),
    tells(/^checkpoint broken\.safetensors gives no probabilities for val\/c\.jpg/),
  )
  assert.doesNotThrow(() => expectNumbers(one.predictions, one.checkpoint, images))
})
