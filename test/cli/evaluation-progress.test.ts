import assert from 'node:assert/strict'
import test from 'node:test'
import { describeProgress } from '../../src/cli/commands/evaluate/progress.js'

const progress = { done: 1200, total: 50_000, viewsPerSecond: 500, imagesPerSecond: 35.16, secondsLeft: 1388 }

test('progress tells what is done, how fast, and how long it will take', () => {
  assert.equal(describeProgress('one', progress), '1,200 of 50,000 images, 35.2 images/s, 23 min 08 s left: one')
})

test('before the first image it tells no pace', () => {
  const begun = { ...progress, done: 0, imagesPerSecond: 0, secondsLeft: Number.POSITIVE_INFINITY }
  assert.equal(describeProgress('one', begun), '0 of 50,000 images: one')
})
