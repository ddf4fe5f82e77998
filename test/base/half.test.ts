import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { toHalf } from '../../src/base/half.js'
import { halvesToFloats } from '../../src/formats/keras/half.js'

const all = halvesToFloats(new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).buffer))

test('every half is its own, and NaN stays NaN', () => {
  for (const [bits, value] of all.entries())
    if (Number.isNaN(value)) assert.ok(Number.isNaN(all[toHalf(value)]!))
    else assert.equal(toHalf(value), bits)
})

test('halfway between two halves the even one is taken, elsewhere the nearer', () => {
  // Up to infinity, which stands where the half after 65504 would.
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [low, high] = [all[bits]!, bits === 0x7bff ? 65536 : all[bits + 1]!]
    const middle = (low + high) / 2
    assert.equal(toHalf(middle), bits + (bits % 2), `${middle}`)
    const step = middle * 2 ** -20
    assert.equal(toHalf(middle - step), bits, `below ${middle}`)
    assert.equal(toHalf(middle + step), bits + 1, `above ${middle}`)
  }
})

test('a number and its negative differ in the sign', () => {
  fc.assert(fc.property(fc.float({ noNaN: true }), x => toHalf(-x) === (toHalf(x) ^ 0x8000)))
})
