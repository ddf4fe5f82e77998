import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { sizeOf } from '../../src/base/shape.js'
import { asHere, bringHere, depthwise, hwio, pointwise, transposed } from '../../src/weights/layout.js'

const side = fc.integer({ min: 1, max: 5 })
const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i)

test('convolutions of TensorFlow are [height, width, in, out]', () => {
  fc.assert(
    fc.property(side, side, side, side, (out, into, height, width) => {
      const here = [out, into, height, width]
      assert.deepEqual(hwio.there(here), [height, width, into, out])
      const brought = bringHere(ramp(sizeOf(here)), here, hwio)
      for (let o = 0, at = 0; o < out; o++)
        for (let i = 0; i < into; i++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) assert.equal(brought[at++], ((y * width + x) * into + i) * out + o)
    }),
  )
})

test('dense layers of TensorFlow are [in, out], also as convolutions of 1×1', () => {
  fc.assert(
    fc.property(side, side, (out, into) => {
      assert.deepEqual(transposed.there([out, into]), [into, out])
      assert.deepEqual(pointwise.there([out, into]), [1, 1, into, out])
      const brought = bringHere(ramp(out * into), [out, into], transposed)
      for (let o = 0; o < out; o++) for (let i = 0; i < into; i++) assert.equal(brought[o * into + i], i * out + o)
      assert.deepEqual(bringHere(ramp(out * into), [out, into], pointwise), brought)
    }),
  )
})

test("depthwise convolutions of TensorFlow are [height, width, in, multiplier], a channel's multiples together here", () => {
  fc.assert(
    fc.property(side, side, side, side, (channels, multiplier, height, width) => {
      const here = [channels * multiplier, 1, height, width]
      assert.deepEqual(depthwise(multiplier).there(here), [height, width, channels, multiplier])
      const brought = bringHere(ramp(sizeOf(here)), here, depthwise(multiplier))
      for (let c = 0, at = 0; c < channels; c++)
        for (let m = 0; m < multiplier; m++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++)
              assert.equal(brought[at++], ((y * width + x) * channels + c) * multiplier + m)
    }),
  )
})

test('what lies as here is not copied', () => {
  const values = ramp(6)
  assert.equal(bringHere(values, [2, 3], asHere), values)
})
