import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { differenceInterval, wilsonInterval } from '../../src/evaluation/intervals.js'

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

test('no counts, or counts that cannot be, leave everything open', () => {
  assert.deepEqual(wilsonInterval(0.5, 0), { low: 0, high: 1 })
  assert.deepEqual(wilsonInterval(Number.NaN, 10), { low: 0, high: 1 })
})

test('every interval holds its estimate, and swapping the sides mirrors it', () => {
  const images = fc.integer({ min: 1, max: 300 })
  fc.assert(
    fc.property(
      images,
      images,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (m, n, p, q) => {
        const [first, second] = [Math.round(p * m) / m, Math.round(q * n) / n]
        const a = differenceInterval(first, m, second, n)
        const b = differenceInterval(second, n, first, m)
        const w = wilsonInterval(first, m)
        assert.ok(a.low <= first - second + 1e-12 && first - second - 1e-12 <= a.high)
        assert.ok(Math.abs(a.low + b.high) < 1e-12 && Math.abs(a.high + b.low) < 1e-12)
        assert.ok(w.low >= 0 && w.high <= 1 && w.low <= w.high)
      },
    ),
    { seed: 1 },
  )
})
