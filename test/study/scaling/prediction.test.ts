import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { expectedLongest, type Link, type MeasuredStep, predictScaling } from '../../../src/study/scaling/prediction.js'

const gigabit = 1e9
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} for ${expected}`)

/** Two buckets of 10 MB, the second at the very end of a backward pass of a second. */
const step: MeasuredStep = {
  seconds: [1.1],
  neededAt: 1,
  buckets: [
    { readyAt: 0.5, bytes: 10e6 },
    { readyAt: 1, bytes: 10e6 },
  ],
}

test('what is sent before the backward pass ends is hidden, the last bucket is not', () => {
  const link: Link = { bitsPerSecond: gigabit, latencySeconds: 0.001 }
  const two = predictScaling(step, link, 0, 2)
  near(two.exchangeSeconds, 2 * (0.08 + 0.002))
  near(two.exposedSeconds, 0.082)
  near(two.stepSeconds, 1.182)
  near(two.efficiency, 1.1 / 1.182)
})

test('a slow link delays a bucket until the one before is through', () => {
  const link: Link = { bitsPerSecond: gigabit / 10, latencySeconds: 0 }
  const two = predictScaling(step, link, 0, 2)
  near(two.exposedSeconds, 0.5 + 2 * 0.8 - 1)
})

test('the processor’s work for an exchange lengthens the step even where the link is free', () => {
  const link: Link = { bitsPerSecond: 1e18, latencySeconds: 0 }
  near(predictScaling(step, link, 1e-9, 2).stepSeconds, 1.1 + 0.02 + predictScaling(step, link, 1e-9, 2).exposedSeconds)
  near(predictScaling(step, link, 1e-9, 1).stepSeconds, 1.1)
})

test('the longest of n: one of one is the mean, one of many the longest measured', () => {
  const sorted = [1, 2, 6]
  near(expectedLongest(sorted, 1), 3)
  // Of nine pairs one is (1, 1), three are of 1 and 2 with a 2, five hold a 6.
  near(expectedLongest(sorted, 2), (1 * 1 + 3 * 2 + 5 * 6) / 9)
  assert.ok(Math.abs(expectedLongest(sorted, 1000) - 6) < 1e-9)
})

test('one replica waits for nobody; more replicas are never faster, nor is a slower link', () => {
  const seconds = fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 9 })
  const buckets = fc.array(
    fc.record({ readyAt: fc.double({ min: 0, max: 0.8, noNaN: true }), bytes: fc.integer({ min: 1, max: 1e8 }) }),
    { maxLength: 9 },
  )
  fc.assert(
    fc.property(seconds, buckets, fc.integer({ min: 1, max: 5000 }), (times, sent, replicas) => {
      const measured = { seconds: times.toSorted((a, b) => a - b), neededAt: 0.8, buckets: sent }
      const predict = (n: number, gigabits: number) =>
        predictScaling(measured, { bitsPerSecond: gigabits * gigabit, latencySeconds: 1e-5 }, 1e-10, n)
      near(predict(1, 10).efficiency, 1)
      const some = predict(replicas, 10)
      assert.ok(some.efficiency <= 1 + 1e-12)
      assert.ok(predict(replicas + 1, 10).stepSeconds >= some.stepSeconds - 1e-12)
      assert.ok(predict(replicas, 1).stepSeconds >= some.stepSeconds)
      assert.ok(some.exposedSeconds <= some.exchangeSeconds + 1e-12)
    }),
  )
})
