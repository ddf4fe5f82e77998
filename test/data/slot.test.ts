import assert from 'node:assert/strict'
import test from 'node:test'
import { Slot } from '../../src/data/slot.js'

test('slots of one memory do not touch each other, and tell when a batch is whole', () => {
  const shape = { batch: 3, sampleLength: 5 }
  const memory = new ArrayBuffer(2 * Slot.bytes(shape))
  const [first, second] = Slot.all(memory, shape)
  const [other] = Slot.all(memory, shape)
  first!.reset(7)
  second!.reset(8)
  for (const values of [first!.images, first!.labels, first!.indices, first!.weights]) values.fill(1)
  for (const values of [second!.images, second!.labels, second!.indices, second!.weights]) values.fill(2)
  for (const values of [other!.images, other!.labels, other!.indices, other!.weights])
    assert.ok(values.every(value => value === 1))
  first!.finish(0, false)
  first!.finish(2, true)
  assert.deepEqual(
    [0, 1, 2].map(sample => other!.isOpen(7, sample)),
    [false, true, true],
  )
  assert.deepEqual([other!.isWhole(1), other!.isWhole(3), second!.isWhole(1)], [true, false, false])
  first!.finish(1, false)
  first!.finish(2, false)
  assert.ok(other!.isWhole(3))
})

test('of a batch that the slot no longer holds nothing is to be written', () => {
  const shape = { batch: 2, sampleLength: 1 }
  const [slot] = Slot.all(new ArrayBuffer(Slot.bytes(shape)), shape)
  slot!.reset(1)
  assert.ok(slot!.isOpen(1, 0))
  slot!.reset(2)
  assert.deepEqual([slot!.isOpen(1, 0), slot!.isOpen(2, 0)], [false, true])
})
