import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { plainAugmentation } from '../../src/data/augmentation.js'
import { decodeFile } from '../../src/data/decode.js'
import { ImageCache } from '../../src/data/image-cache.js'
import { Loader } from '../../src/data/loader.js'
import { TrainingOrder } from '../../src/data/order.js'
import type { TrainPreprocessing } from '../../src/data/preprocessing.js'
import { digest, evaluate, makeSet, options, pixels, takeAll, train, using } from './loader-runs.js'
import { writeWhole } from './sample.js'

test('training follows the global order, carries over the ends of epochs and augments by (seed, epoch, image)', async t => {
  const set = await makeSet(t)
  const batches = await using(set, {}, loader => takeAll(loader.steps(0, 7)))
  const order = new TrainingOrder(9, 12)
  const expected = new Float32Array(pixels)
  for (const [step, batch] of batches.entries()) {
    assert.equal(batch.count, 5)
    for (let i = 0; i < 5; i++) {
      const position = step * 5 + i
      const index = order.indexAt(position)
      assert.equal(batch.indices[i], index)
      assert.equal(batch.labels[i], set.items[index]!.label)
      const random = new RandomStream(9, 'augment', order.epochOf(position), index)
      writeWhole(await decodeFile(set.items[index]!.path), train, random, expected)
      assert.deepEqual(batch.images.slice(i * pixels, (i + 1) * pixels), expected)
    }
  }
  for (const epoch of [0, 1]) {
    const seen = batches.flatMap(batch => batch.indices).slice(epoch * 12, epoch * 12 + 12)
    assert.equal(new Set(seen).size, 12)
  }
})

test('any number of workers, any prefetch, with and without the cache: the same bytes, from any step', async t => {
  const set = await makeSet(t, [2, 7])
  const skip = { badImages: 'skip' } as const
  const whole = await using(set, skip, loader => takeAll(loader.steps(0, 9)))
  for (const o of [
    { workers: 3, prefetch: 1, cacheBytes: 0 },
    { workers: 6 },
    { workers: 2, cacheBytes: 4000, prefetch: 8 },
  ])
    assert.equal(digest(await using(set, { ...skip, ...o }, loader => takeAll(loader.steps(0, 9)))), digest(whole))
  await using(set, { ...skip, workers: 2 }, async loader => {
    for (const from of [1, 4, 8]) assert.equal(digest(await takeAll(loader.steps(from, 9))), digest(whole.slice(from)))
  })
  const other = await using(set, { ...skip, seed: 10 }, loader => takeAll(loader.steps(0, 9)))
  assert.notEqual(digest(other), digest(whole))
})

test('any number of processes takes the same global batches, each its part, from any step', async t => {
  const set = await makeSet(t)
  const whole = await using(set, { batch: 6 }, loader => takeAll(loader.steps(0, 5)))
  for (const of of [2, 3]) {
    const batch = 6 / of
    const parts = await Promise.all(
      Array.from({ length: of }, (_, index) =>
        using(set, { batch, shard: { index, of } }, async loader => {
          const all = await takeAll(loader.steps(0, 5))
          assert.equal(digest(await takeAll(loader.steps(3, 5))), digest(all.slice(3)))
          return all
        }),
      ),
    )
    for (const [step, { labels, indices, images }] of whole.entries()) {
      const taken = parts.map(part => part[step]!)
      assert.deepEqual(
        taken.flatMap(part => part.labels),
        labels,
      )
      assert.deepEqual(
        taken.flatMap(part => part.indices),
        indices,
      )
      for (const [index, part] of taken.entries())
        assert.deepEqual(part.images, images.subarray(index * batch * pixels, (index + 1) * batch * pixels))
    }
    // Two epochs and a half: each of the first two is a permutation of everything.
    const order = whole.flatMap(({ indices }) => indices)
    for (const epoch of [0, 1]) assert.equal(new Set(order.slice(epoch * 12, epoch * 12 + 12)).size, 12)
  }
})

test('so with every augmentation on, in either style', async t => {
  const set = await makeSet(t)
  const all = { randAugment: 'rand-m9-mstd0.5', erase: 0.5, mixup: 0.2, cutmix: 1 }
  const timm = { ...plainAugmentation, ...all, style: 'timm', resize: 'random', jitter: 0.4 } as const
  const slim = { ...plainAugmentation, ...all, resize: 'random' } as const
  const plain = digest(await using(set, {}, loader => takeAll(loader.steps(0, 6))))
  for (const preprocessing of [
    { ...train, colour: 'none', augmentation: timm },
    { ...train, colour: 'full', augmentation: slim },
  ] as const) {
    const whole = await using(set, { preprocessing }, loader => takeAll(loader.steps(0, 6)))
    const some = await using(set, { preprocessing, workers: 2, cacheBytes: 0 }, loader => takeAll(loader.steps(2, 6)))
    assert.equal(digest(some), digest(whole.slice(2)))
    assert.notEqual(digest(whole), plain)
  }
})

test('with scaled decoding large pictures are decoded smaller, from files and from the cache alike', async t => {
  const set = await makeSet(t)
  // Pictures of 20 × 30 to 31 × 19 pixels: with an input of 4 those of 16 and more a side are halved.
  const scaled: TrainPreprocessing = { ...train, size: 4, scaledDecoding: true }
  const o = { batch: 6, preprocessing: scaled }
  const batches = await using(set, o, loader => takeAll(loader.steps(0, 4)))
  assert.equal(
    digest(batches),
    digest(await using(set, { ...o, workers: 2, cacheBytes: 0 }, l => takeAll(l.steps(0, 4)))),
  )
  for (const [step, { indices, images }] of batches.entries())
    for (const [sample, index] of indices.entries()) {
      const small = await decodeFile(set.items[index]!.path, 8)
      assert.ok(small.width < 16 && small.height < 16)
      const expected = new Float32Array(48)
      const epoch = Math.floor((step * 6 + sample) / 12)
      writeWhole(small, scaled, new RandomStream(9, 'augment', epoch, index), expected)
      assert.deepEqual(images.subarray(sample * 48, sample * 48 + 48), expected)
    }
})

test('evaluation sees every image once in order, and the last batch is short and padded with nothing', async t => {
  const set = await makeSet(t)
  const run = (workers: number) => using(set, { preprocessing: evaluate, workers }, loader => takeAll(loader.pass()))
  const batches = await run(1)
  assert.deepEqual(
    batches.map(batch => batch.count),
    [5, 5, 2],
  )
  assert.deepEqual(
    batches.flatMap(batch => batch.indices.slice(0, batch.count)),
    set.items.map((_, i) => i),
  )
  assert.deepEqual(batches[2]!.labels, [2, 2, -1, -1, -1])
  assert.ok(batches[2]!.images.subarray(2 * pixels).every(value => value === 0))
  assert.equal(digest(await run(3)), digest(batches))
})

test('one loader can train and evaluate in turns, and leaving early starts nothing wrong', async t => {
  const set = await makeSet(t)
  await using(set, { workers: 2, prefetch: 4 }, async loader => {
    const whole = digest(await takeAll(loader.steps(0, 6)))
    for (let leaveAfter = 1; leaveAfter < 4; leaveAfter++) {
      let seen = 0
      for await (const _ of loader.steps(0, 1000)) if (++seen === leaveAfter) break
      assert.equal(digest(await takeAll(loader.steps(0, 6))), whole)
    }
    const left = loader.steps(0, 1000)
    await left.next()
    const pass = await takeAll(loader.pass())
    assert.equal(pass.length, 3)
    assert.deepEqual(await left.next(), { done: true, value: undefined })
    assert.ok(loader.waitedSeconds > 0)
  })
})

test('batches asked for at once come in order', async t => {
  const set = await makeSet(t)
  await using(set, {}, async loader => {
    const batches = loader.steps(0, 3)
    const order = new TrainingOrder(9, 12)
    const first = await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const { value } = await batches.next()
        return value === undefined ? undefined : [...value.indices]
      }),
    )
    const expected = [0, 1, 2].map(step => [0, 1, 2, 3, 4].map(i => order.indexAt(step * 5 + i)))
    assert.deepEqual(first, [...expected, undefined])
  })
})

test('loaders of one set can share a cache', async t => {
  const set = await makeSet(t)
  const cache = ImageCache.reserve(12, 2 ** 20)
  const first = await using(set, { cache }, loader => takeAll(loader.steps(0, 3)))
  assert.ok(new ImageCache(cache).get(0) !== undefined)
  assert.equal(digest(await using(set, { cache }, loader => takeAll(loader.steps(0, 3)))), digest(first))
  assert.throws(() => new Loader(set, options({ cache: ImageCache.reserve(11, 0) })), RangeError)
})

test('the cache can be filled beforehand, which changes no byte and stumbles over no bad image', async t => {
  const set = await makeSet(t, [3])
  const skip = { badImages: 'skip' } as const
  const plain = await using(set, skip, loader => takeAll(loader.steps(0, 4)))
  const cache = ImageCache.reserve(12, 2 ** 20)
  const filled = await using(set, { ...skip, cache, workers: 2 }, async loader => {
    await loader.fillCache()
    const view = new ImageCache(cache)
    assert.deepEqual(
      set.items.map((_, i) => view.get(i) !== undefined),
      set.items.map((_, i) => i !== 3),
    )
    return await takeAll(loader.steps(0, 4))
  })
  assert.equal(digest(filled), digest(plain))
  await using(set, { cacheBytes: 3000 }, async loader => {
    await loader.fillCache()
    const filling = assert.rejects(loader.fillCache(), /closed/)
    await Promise.all([loader.close(), filling])
  })
})

test('options out of range are refused', async t => {
  const set = await makeSet(t)
  for (const o of [
    { batch: 0 },
    { batch: 1.5 },
    { workers: 0 },
    { prefetch: 0 },
    { seed: -1 },
    { shard: { index: 2, of: 2 } },
    { shard: { index: 0, of: 0 } },
    { shard: { index: 0, of: 2 }, preprocessing: { ...train, augmentation: { ...plainAugmentation, mixup: 1 } } },
    { secondsAnImage: 0 },
    { cacheBytes: Number.NaN },
    { preprocessing: { ...train, size: 0 } },
    { preprocessing: { ...evaluate, fraction: 0 } as const },
    { batch: 2 ** 40 },
  ])
    assert.throws(() => new Loader(set, options(o)), UserError)
  assert.throws(() => new Loader({ root: 'x', classes: [], items: [] }, options()), UserError)
  const missing = { ...set, items: [{ path: path.join(set.root, 'gone.jpg'), label: 0 }] }
  await using(missing, {}, loader => assert.rejects(takeAll(loader.pass()), /gone\.jpg: the file does not exist/))
  await using(set, {}, async loader => {
    assert.throws(() => loader.steps(2, 1), UserError)
    assert.deepEqual(await takeAll(loader.steps(2, 2)), [])
  })
})
