import assert from 'node:assert/strict'
import test from 'node:test'
import { ReadingPace } from '../../src/data/reading-pace.js'

test('reads are made here until one is slow, then a while elsewhere, then here again', () => {
  const pace = new ReadingPace()
  const slow = () => {
    const end = performance.now() + 3
    while (performance.now() < end);
    return 'slow'
  }
  assert.equal(pace.readHere(slow), 'slow')
  let elsewhere = 0
  while (pace.readHere(() => 'fast') === undefined) elsewhere++
  assert.equal(elsewhere, 64)
  assert.throws(
    () =>
      pace.readHere(() => {
        throw new Error('no such file')
      }),
    /no such file/,
  )
})
