import assert from 'node:assert/strict'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { UserError } from '../../src/base/error.js'
import type { Batch } from '../../src/data/batch-run.js'
import { type ImageSet, openSplit } from '../../src/data/class-folder.js'
import { decodeFile } from '../../src/data/decode.js'
import { ImageViews } from '../../src/data/image-views.js'
import { Loader } from '../../src/data/loader.js'
import type { LoaderOptions } from '../../src/data/loader-options.js'
import type { ViewPreprocessing } from '../../src/data/preprocessing.js'
import { noise, pipeline, temporaryFolder, writeTree } from './picture.js'

const crops144: ViewPreprocessing = { kind: 'views', crops: '144', size: 7 }
const pixels = 7 * 7 * 3

/** Five images in two classes, the second of them square; those named in `broken` are cut in half. */
async function makeSet(t: TestContext, broken: readonly number[] = []): Promise<ImageSet> {
  const root = await temporaryFolder(t)
  const files: Record<string, Uint8Array> = {}
  for (let i = 0; i < 5; i++) {
    const bytes = await pipeline(noise(i, 24, 23 + i))
      .jpeg()
      .toBuffer()
    files[`${i < 3 ? 'a' : 'b'}/${i}.jpg`] = broken.includes(i) ? bytes.subarray(0, bytes.length / 2) : bytes
  }
  await writeTree(root, files)
  return await openSplit(root)
}

interface Sample {
  readonly index: number
  readonly label: number
  readonly weight: number
  readonly image: Float32Array
}

function samplesOf({ images, labels, indices, weights, count }: Batch): Sample[] {
  const length = images.length / labels.length
  return Array.from({ length: count }, (_, i) => ({
    index: indices[i]!,
    label: labels[i]!,
    weight: weights[i]!,
    image: images.slice(i * length, (i + 1) * length),
  }))
}

async function take(
  set: ImageSet,
  o: Partial<LoaderOptions> = {},
  fromImage?: number,
): Promise<{ samples: Sample[]; bad: string[] }> {
  await using loader = new Loader(set, {
    batch: 50,
    preprocessing: crops144,
    seed: 0,
    workers: 1,
    badImages: 'error',
    ...o,
  })
  const samples: Sample[] = []
  for await (const batch of loader.pass(fromImage)) samples.push(...samplesOf(batch))
  return { samples, bad: loader.bad.map(note => path.basename(note.path)) }
}

test('a pass gives every view of every image in order, with its share', async t => {
  const set = await makeSet(t)
  const { samples } = await take(set)
  assert.equal(samples.length, 5 * 144)
  for (const [i, { path, label }] of set.items.entries()) {
    const views = new ImageViews(await decodeFile(path), crops144)
    const expected = new Float32Array(pixels)
    for (let view = 0; view < 144; view++) {
      const sample = samples[i * 144 + view]!
      expected.fill(0)
      if (views.weights[view]! > 0) views.write(view, expected)
      assert.deepEqual(sample, { index: i, label, weight: views.weights[view], image: expected })
    }
    const sum = samples.slice(i * 144, (i + 1) * 144).reduce((sum, { weight }) => sum + weight, 0)
    assert.ok(Math.abs(sum - 1) < 1e-6)
  }
  assert.ok(samples.slice(144, 288).some(({ weight }) => weight === 0))
})

test('any number of workers, any batch, with and without the cache: the same samples, from any image', async t => {
  const set = await makeSet(t)
  const { samples } = await take(set)
  for (const o of [
    { workers: 3, batch: 7, prefetch: 1 },
    { workers: 2, batch: 1000, cacheBytes: 0 },
  ])
    assert.deepEqual((await take(set, o)).samples, samples)
  for (const from of [1, 4, 5]) assert.deepEqual((await take(set, {}, from)).samples, samples.slice(from * 144))
})

test("a batch's memory does not depend on the views, and one view an image counts whole", async t => {
  const set = await makeSet(t)
  for (const [crops, views] of [
    ['slim', 1],
    ['timm', 1],
    ['10', 10],
    ['12', 12],
    ['144', 144],
  ] as const) {
    const preprocessing = { kind: 'views', crops, size: 7 } as const
    await using loader = new Loader(set, { batch: 3, preprocessing, seed: 0, workers: 1, badImages: 'error' })
    assert.equal(loader.views, views)
    const batches = loader.pass()
    const { value } = await batches.next()
    assert.equal(value?.images.length, 3 * pixels)
    if (views === 1) assert.deepEqual([...value!.weights], [1, 1, 1])
  }
})

test('the last batch is short and padded with nothing', async t => {
  const set = await makeSet(t)
  await using loader = new Loader(set, {
    batch: 40,
    preprocessing: { kind: 'views', crops: '10', size: 7 },
    seed: 0,
    workers: 2,
    badImages: 'error',
  })
  let last: Batch | undefined
  for await (const batch of loader.pass())
    last = { ...batch, images: batch.images.slice(), weights: batch.weights.slice() }
  assert.equal(last?.count, 10)
  assert.ok(last.images.subarray(10 * pixels).every(value => value === 0))
  assert.ok(last.weights.subarray(10).every(value => value === 0))
})

test('the whole image has two views of its own width and height', async t => {
  const set = await makeSet(t)
  const whole: ViewPreprocessing = { kind: 'whole', width: 12, height: 5 }
  const { samples } = await take(set, { preprocessing: whole, batch: 3, workers: 2 })
  assert.equal(samples.length, 10)
  const expected = new Float32Array(12 * 5 * 3)
  for (const [p, sample] of samples.entries()) {
    const index = Math.floor(p / 2)
    new ImageViews(await decodeFile(set.items[index]!.path), whole).write(p % 2, expected)
    assert.deepEqual([sample.index, sample.weight, sample.image], [index, 0.5, expected])
  }
})

test('a bad image is left out with all its views and listed once', async t => {
  const set = await makeSet(t, [1, 3])
  const { samples: sound } = await take(await makeSet(t))
  for (const workers of [1, 2]) {
    const { samples, bad } = await take(set, { badImages: 'skip', workers })
    assert.deepEqual(bad, ['1.jpg', '3.jpg'])
    for (const [p, sample] of samples.entries()) {
      const index = Math.floor(p / 144)
      if (index === 1 || index === 3)
        assert.deepEqual(sample, { index, label: -1, weight: 0, image: new Float32Array(pixels) })
      else assert.deepEqual(sample, sound[p])
    }
  }
  await assert.rejects(take(set), /bad image .*a\/1\.jpg: the image data is cut short or damaged/)
  await assert.rejects(take(await makeSet(t, [0, 1, 2, 3, 4]), { badImages: 'skip' }), /none of the images/)
})

test('what cannot be is refused', async t => {
  const set = await makeSet(t)
  for (const preprocessing of [
    { ...crops144, size: 0 },
    { kind: 'whole', width: 10, height: 0 },
    { kind: 'whole', width: 1.5, height: 10 },
    { kind: 'views', crops: 'timm', size: 7, fraction: 1e-9 },
    { kind: 'views', crops: 'slim', size: 7, fraction: 1.01 },
    { kind: 'views', crops: 'slim', size: 7, fraction: Number.NaN },
  ] as const)
    await assert.rejects(take(set, { preprocessing }), UserError)
  for (const from of [-1, 6, 0.5]) await assert.rejects(take(set, {}, from), /cannot go on at image/)
  await using loader = new Loader(set, { batch: 4, preprocessing: crops144, seed: 0, badImages: 'error' })
  assert.throws(() => loader.steps(0, 1), RangeError)
})
