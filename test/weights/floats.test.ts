import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { fromBf16, toBf16 } from '../../src/base/dtype.js'
import { readFloats } from '../../src/weights/floats.js'
import type { TensorFile } from '../../src/weights/tensor-file.js'

/** A file that holds one tensor, w. */
const holding = (
  dtype: 'F16' | 'BF16' | 'F32' | 'F64' | 'I32',
  elements: { readonly buffer: ArrayBuffer },
): TensorFile => ({
  path: 'given.pth',
  tensors: new Map([['w', { dtype, shape: [] }]]),
  read: () => new Uint8Array(elements.buffer),
  [Symbol.dispose]: () => {},
})

const floats = (...given: Parameters<typeof holding>) => [...readFloats(holding(...given), 'w')]

test('halves are read by the definition of binary16', () => {
  const halves = [0, 0x8000, 1, 0x03ff, 0x0400, 0x3c00, 0xc500, 0x7bff]
  const numbers = [0, -0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, -5, 65504]
  assert.deepEqual(floats('F16', Uint16Array.from(halves)), numbers)
})

test('bfloat16 is read exactly, doubles are rounded', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), x => {
      const half = toBf16(x)
      fc.pre(Number.isFinite(fromBf16(half)))
      assert.deepEqual(floats('BF16', Uint16Array.from([half])), [fromBf16(half)])
      assert.deepEqual(floats('F32', Float32Array.from([x])), [x])
    }),
  )
  assert.deepEqual(floats('F64', Float64Array.from([0.1, -2])), [Math.fround(0.1), -2])
})

test('what is no number is refused with its place, and so is a type without fractions', () => {
  assert.throws(
    () => floats('F32', Float32Array.from([0, Number.NaN])),
    /given\.pth: element 1 of "w" is NaN, no number/,
  )
  assert.throws(() => floats('F64', Float64Array.from([1e300])), /element 0 of "w" is Infinity/)
  assert.throws(() => floats('F16', Uint16Array.from([0xfc00])), /element 0 of "w" is -Infinity/)
  assert.throws(() => floats('F16', Uint16Array.from([0x7e00])), /element 0 of "w" is NaN/)
  assert.throws(() => floats('I32', Int32Array.from([1])), /given\.pth: "w" holds I32 and no weights/)
})
