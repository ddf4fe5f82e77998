import assert from 'node:assert/strict'
import test from 'node:test'
import { TrainingOrder } from '../../src/data/order.js'

test('every epoch is a permutation, and epochs differ', () => {
  const order = new TrainingOrder(1, 50)
  const epoch = (e: number) => Array.from({ length: 50 }, (_, i) => order.indexAt(e * 50 + i))
  const all = Array.from({ length: 50 }, (_, i) => i)
  for (const e of [0, 1, 7])
    assert.deepEqual(
      epoch(e).toSorted((a, b) => a - b),
      all,
    )
  assert.notDeepEqual(epoch(0), epoch(1))
  assert.equal(order.epochOf(49), 0)
  assert.equal(order.epochOf(50), 1)
})

test('a place is found without those before it, in any order of asking', () => {
  const forwards = new TrainingOrder(3, 7)
  const places = Array.from({ length: 60 }, (_, i) => i)
  const expected = places.map(place => forwards.indexAt(place))
  const backwards = new TrainingOrder(3, 7)
  for (const place of places.toReversed()) assert.equal(backwards.indexAt(place), expected[place])
  assert.notDeepEqual(
    places.map(place => new TrainingOrder(4, 7).indexAt(place)),
    expected,
  )
})

test('looking ahead stays within the epoch and goes round its end', () => {
  const order = new TrainingOrder(1, 5)
  for (let ahead = 0; ahead < 5; ahead++) assert.equal(order.indexAt(8, ahead), order.indexAt(5 + ((3 + ahead) % 5)))
})
