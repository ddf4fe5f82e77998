import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RandomStream } from '../../src/base/random.js'
import { centralCrop, distortedCrop } from '../../src/data/crop.js'

const side = fc.integer({ min: 1, max: 700 })

test('a crop lies within the image, covers a tenth of it and has the aspect asked for', () => {
  fc.assert(
    fc.property(side, side, fc.nat(), (width, height, seed) => {
      const crop = distortedCrop(width, height, new RandomStream(seed))
      assert.ok(crop.x >= 0 && crop.y >= 0 && crop.width >= 1 && crop.height >= 1)
      assert.ok(crop.x + crop.width <= width && crop.y + crop.height <= height)
      assert.ok(crop.width * crop.height >= 0.1 * width * height)
      if (crop.width === width && crop.height === height) return
      assert.ok(crop.width <= 1.33 * crop.height + 0.5 && crop.width >= 0.75 * crop.height - 0.5)
    }),
    { numRuns: 500 },
  )
})

test('the law is uniform in height between the bounds of a fixed aspect', () => {
  // Aspect 1 on 100 × 100: heights round(√(0.05·10⁴)) = 22 … 100; under a tenth of the image (h < 32) is drawn again.
  const counts = new Map<number, number>()
  const draws = 40_000
  const random = new RandomStream(5)
  for (let i = 0; i < draws; i++) {
    const { width, height } = distortedCrop(100, 100, random, { aspect: [1, 1] })
    assert.equal(width, height)
    counts.set(height, (counts.get(height) ?? 0) + 1)
  }
  assert.equal(Math.min(...counts.keys()), 32)
  assert.equal(Math.max(...counts.keys()), 100)
  const expected = draws / (100 - 32 + 1)
  const chi2 = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  // 68 degrees of freedom: 123 is the 99.997th percentile.
  assert.equal(counts.size, 69)
  assert.ok(chi2 < 123, `chi² ${chi2}`)
})

test('offsets are uniform with the far edge excluded', () => {
  const random = new RandomStream(6)
  const seen = new Set<number>()
  for (let i = 0; i < 4000; i++) {
    const crop = distortedCrop(10, 10, random, { aspect: [1, 1], area: [0.36, 0.36] })
    assert.equal(crop.width, 6)
    seen.add(crop.x)
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3])
})

test('widths follow the aspect and never exceed the image, however flat it is', () => {
  const random = new RandomStream(7)
  for (let i = 0; i < 2000; i++) {
    const crop = distortedCrop(40, 400, random)
    assert.ok(crop.width <= 40)
  }
  // A strip too flat for any crop of a tenth of its area gives the whole image.
  assert.deepEqual(distortedCrop(1000, 3, random), { x: 0, y: 0, width: 1000, height: 3 })
})

test('the area is mended by one pixel where rounding leaves the bounds', () => {
  // round(√(50/1.3)) = 6, and 6 × round(7.8) = 48 < 50: one row more makes 7 × 9 = 63.
  const crop = distortedCrop(20, 20, new RandomStream(1), { aspect: [1.3, 1.3], area: [0.125, 0.16], covered: 0.1 })
  assert.deepEqual([crop.width, crop.height], [9, 7])
})

test('the central crop leaves a sixteenth out on either side', () => {
  for (const [length, left] of [
    [299, 18],
    [112, 7],
    [16, 1],
    [15, 0],
    [1, 0],
  ] as const)
    assert.deepEqual(centralCrop(length, 64, 0.875), { x: left, y: 4, width: length - 2 * left, height: 56 })
  assert.deepEqual(centralCrop(9, 5, 1), { x: 0, y: 0, width: 9, height: 5 })
})

test('one seed, one crop', () => {
  const draw = () => distortedCrop(500, 375, new RandomStream(1, 'augment', 3, 17))
  assert.deepEqual(draw(), draw())
})
