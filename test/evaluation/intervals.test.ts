import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { differenceInterval, pairedInterval, wilsonInterval } from '../../src/evaluation/intervals.js'

const near = (actual: number, expected: number, places = 4) =>
  assert.equal(actual.toFixed(places), expected.toFixed(places))

test('Wilson: the worked examples of Newcombe 1998 (table I, method 3)', () => {
  for (const [errors, images, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const interval = wilsonInterval(errors / images, images)
    near(interval.low, low)
    near(interval.high, high)
  }
})

test('differences: the worked examples of Newcombe 1998 (table II, method 10)', () => {
  for (const [a, m, b, n, low, high] of [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 10, 0.6075, 1],
  ] as const) {
    const interval = differenceInterval(a / m, m, b / n, n)
    near(interval.low, low)
    near(interval.high, high)
  }
})

test('pairing narrows the interval of classifiers that fail together, and leaves that of unrelated ones', () => {
  const together = pairedInterval({ images: 1000, bothWrong: 200, onlyFirstWrong: 10, onlySecondWrong: 30 })
  const apart = differenceInterval(0.21, 1000, 0.23, 1000)
  assert.ok(together.high < 0 && apart.high > 0)
  const unrelated = pairedInterval({ images: 1000, bothWrong: 40, onlyFirstWrong: 160, onlySecondWrong: 160 })
  const independent = differenceInterval(0.2, 1000, 0.2, 1000)
  near(unrelated.low, independent.low)
  near(unrelated.high, independent.high)
})

test('no counts, or counts that cannot be, leave everything open', () => {
  assert.deepEqual(wilsonInterval(0.5, 0), { low: 0, high: 1 })
  assert.deepEqual(wilsonInterval(Number.NaN, 10), { low: 0, high: 1 })
  assert.deepEqual(pairedInterval({ images: 0, bothWrong: 0, onlyFirstWrong: 0, onlySecondWrong: 0 }), {
    low: -1,
    high: 1,
  })
  assert.deepEqual(pairedInterval({ images: 3, bothWrong: 2, onlyFirstWrong: 2, onlySecondWrong: 0 }), {
    low: -1,
    high: 1,
  })
})

test('every interval holds its estimate, and swapping the sides mirrors it', () => {
  const cell = fc.integer({ min: 0, max: 300 })
  fc.assert(
    fc.property(cell, cell, cell, cell, (both, first, second, neither) => {
      const images = both + first + second + neither
      fc.pre(images > 0)
      const estimate = (first - second) / images
      const counts = { images, bothWrong: both, onlyFirstWrong: first, onlySecondWrong: second }
      const a = pairedInterval(counts)
      const b = pairedInterval({ ...counts, onlyFirstWrong: second, onlySecondWrong: first })
      const w = wilsonInterval((both + first) / images, images)
      assert.ok(a.low <= estimate + 1e-12 && estimate - 1e-12 <= a.high)
      assert.ok(Math.abs(a.low + b.high) < 1e-12 && Math.abs(a.high + b.low) < 1e-12)
      assert.ok(w.low >= 0 && w.high <= 1 && w.low <= w.high)
    }),
    { seed: 1 },
  )
})
