import assert from 'node:assert/strict'
import test from 'node:test'
import { RandomStream } from '../../src/base/random.js'
import { mixImages } from '../../src/data/mix.js'

const size = 16
const length = size * size * 3

/** Image i is full of i. */
const batchOf = (count: number) => ({
  images: Float32Array.from({ length: count * length }, (_, i) => Math.floor(i / length)),
  labels: Int32Array.from({ length: count }, (_, i) => 10 * i),
})

const imageOf = ({ images }: { images: Float32Array }, i: number) => images.subarray(i * length, (i + 1) * length)

/** The neighbour's number, or the own one where there is none. */
const partner = (i: number, count: number) => ((i ^ 1) < count ? i ^ 1 : i)

test('mixup blends neighbours by the share of their labels, and the last of an odd number stays as it is', () => {
  for (const count of [4, 5]) {
    const batch = batchOf(count)
    const { others, shares } = mixImages(batch, size, { mixup: 0.8, cutmix: 0 }, new RandomStream(2))
    assert.deepEqual([...others], count === 4 ? [10, 0, 30, 20] : [10, 0, 30, 20, 40])
    const [share] = shares
    assert.ok(share! > 0 && share! < 1 && shares.every(other => other === share))
    for (let i = 0; i < count; i++) {
      const mixed = share! * i + (1 - share!) * partner(i, count)
      assert.ok(imageOf(batch, i).every(value => Math.abs(value - mixed) < 1e-6))
    }
  }
})

test('CutMix swaps one box between the images of a pair, and the share is what is left', () => {
  const sides = new Set<number>()
  for (let seed = 0; seed < 200; seed++) {
    const batch = batchOf(4)
    const { others, shares } = mixImages(batch, size, { mixup: 0, cutmix: 1 }, new RandomStream(seed))
    assert.deepEqual([...others], [10, 0, 30, 20])
    for (let i = 0; i < 4; i++) {
      const image = imageOf(batch, i)
      assert.ok(image.every(value => value === i || value === partner(i, 4)))
      assert.ok(Math.abs(image.filter(value => value === i).length / length - shares[i]!) < 1e-6)
      const swapped = [...image.keys()].filter(at => image[at] !== i)
      const rows = new Set(swapped.map(at => Math.floor(at / (size * 3))))
      const columns = new Set(swapped.map(at => Math.floor(at / 3) % size))
      assert.equal(swapped.length, rows.size * columns.size * 3, 'a full box')
      assert.deepEqual(
        swapped,
        [...imageOf(batch, 0).keys()].filter(at => imageOf(batch, 0)[at] !== 0),
      )
      sides.add(rows.size)
    }
  }
  assert.ok(sides.size > size / 2, 'boxes of all sizes')
})

test('parts of a batch that are mixed apart are the parts of the whole, mixed', () => {
  for (const law of [
    { mixup: 0.8, cutmix: 0 },
    { mixup: 0, cutmix: 1 },
  ]) {
    const whole = batchOf(12)
    const mixed = mixImages(whole, size, law, new RandomStream(7))
    for (const of of [2, 3, 6]) {
      const share = 12 / of
      for (let part = 0; part < of; part++) {
        const { images, labels } = batchOf(12)
        const [from, end] = [part * share, (part + 1) * share]
        const own = { images: images.slice(from * length, end * length), labels: labels.slice(from, end) }
        const { others, shares } = mixImages(own, size, law, new RandomStream(7))
        assert.deepEqual(own.images, whole.images.slice(from * length, end * length))
        assert.deepEqual([others, shares], [mixed.others.slice(from, end), mixed.shares.slice(from, end)])
      }
    }
  }
})

test('with both, half of the batches get either', () => {
  let cut = 0
  for (let seed = 0; seed < 1000; seed++) {
    const batch = batchOf(2)
    mixImages(batch, size, { mixup: 1, cutmix: 1 }, new RandomStream(seed))
    if (batch.images.every(value => value === 0 || value === 1)) cut++
  }
  assert.ok(Math.abs(cut / 1000 - 0.5) < 0.06, `${cut}`)
})

test('Beta(α, α) has its moments, and is uniform at 1', () => {
  for (const alpha of [0.001, 0.2, 1, 8, 1000]) {
    const random = new RandomStream(5, 'beta', Math.round(alpha * 1000))
    const draws = Array.from({ length: 20_000 }, () => random.beta(alpha))
    assert.ok(draws.every(value => value >= 0 && value <= 1))
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length
    const exact = 1 / (4 * (2 * alpha + 1))
    assert.ok(Math.abs(mean - 0.5) < 4 * Math.sqrt(exact / draws.length), `mean ${mean} at ${alpha}`)
    assert.ok(Math.abs(variance / exact - 1) < 0.05, `variance ${variance} at ${alpha}, not ${exact}`)
  }
  const random = new RandomStream(6)
  const counts = new Array<number>(20).fill(0)
  for (let i = 0; i < 20_000; i++) counts[Math.min(19, Math.floor(random.beta(1) * 20))]!++
  // 19 degrees of freedom: 50 is the 99.99th percentile.
  assert.ok(counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0) < 50, `${counts}`)
})
