import assert from 'node:assert/strict'
import test from 'node:test'
import { ReadingPace } from '../../src/data/reading-pace.js'

test('reads are made here until three in a row are slow, then elsewhere, until one tried here is fast', () => {
  const pace = new ReadingPace()
  const slow = () => {
    const end = performance.now() + 3
    while (performance.now() < end);
    return 'slow'
  }
  const fast = () => 'fast'
  for (const read of [slow, slow, fast, slow, slow, slow]) assert.ok(pace.readHere(read))
  for (const read of [slow, fast]) {
    for (let elsewhere = 0; elsewhere < 64; elsewhere++) assert.equal(pace.readHere(fast), undefined)
    assert.ok(pace.readHere(read))
  }
  assert.throws(
    () =>
      pace.readHere(() => {
        throw new Error('no such file')
      }),
    /no such file/,
  )
})
