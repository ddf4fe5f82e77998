import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type ColourStep, scaleContrast, scaleSaturation, shiftBrightness, turnHue } from '../../src/data/colour.js'
import type { Rectangle } from '../../src/data/crop.js'
import type { RgbImage } from '../../src/data/decode.js'
import { toNetworkRange } from '../../src/data/network-range.js'
import { type Place, resizeBilinear } from '../../src/data/resize.js'
import { SampleWriter } from '../../src/data/sample-writer.js'
import { noise } from './picture.js'

const writer = new SampleWriter()

const operations = {
  brightness: shiftBrightness,
  saturation: scaleSaturation,
  hue: turnHue,
  contrast: scaleContrast,
} as const

/** By the plain loops, one pass over the image for each step. */
function reference(
  image: RgbImage,
  from: Rectangle,
  size: number,
  mirrored: boolean,
  steps: readonly ColourStep[],
  place?: Place,
) {
  const out = new Float32Array(size * size * 3)
  resizeBilinear(image, from, size, out, mirrored, place)
  for (const { operation, amount } of steps) operations[operation](out, amount)
  toNetworkRange(out)
  return out
}

const step = fc.oneof(
  fc.record({
    operation: fc.constant('brightness' as const),
    amount: fc.double({ min: -0.13, max: 0.13, noNaN: true }),
  }),
  fc.record({ operation: fc.constant('saturation' as const), amount: fc.double({ min: 0.5, max: 1.5, noNaN: true }) }),
  fc.record({ operation: fc.constant('hue' as const), amount: fc.double({ min: -0.2, max: 0.2, noNaN: true }) }),
  fc.record({ operation: fc.constant('contrast' as const), amount: fc.double({ min: 0.5, max: 1.5, noNaN: true }) }),
)

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

test('any crop, size and steps, in any order and as often as wanted, give what the plain loops give', () => {
  const image = noise(3, 37, 29)
  fc.assert(
    fc.property(
      fc.record({
        x: fc.integer({ min: 0, max: 20 }),
        y: fc.integer({ min: 0, max: 20 }),
        width: fc.integer({ min: 1, max: 17 }),
        height: fc.integer({ min: 1, max: 9 }),
      }),
      fc.integer({ min: 1, max: 24 }),
      fc.boolean(),
      fc.array(step, { maxLength: 5 }),
      fc.integer({ min: 0, max: 3 }),
      (from, size, mirrored, steps, offset) => {
        const guarded = new Float32Array(size * size * 3 + 8).fill(7)
        const out = guarded.subarray(offset, offset + size * size * 3)
        writer.write(image, from, size, mirrored, steps, out)
        // Saturation divides by what may be near 0 when brightness or contrast came first: a step may magnify the
        // last bits of the one before. Levels of 8 bits are 8e-3 apart.
        const distance = furthest(out, reference(image, from, size, mirrored, steps))
        assert.ok(distance <= 1e-5, `${distance}`)
        const outside = [...guarded.subarray(0, offset), ...guarded.subarray(offset + size * size * 3)]
        assert.ok(outside.every(value => value === 7))
      },
    ),
    { numRuns: 400 },
  )
})

test('a square of a larger result is that part of it', () => {
  const image = noise(4, 40, 30)
  const from = { x: 2, y: 1, width: 35, height: 28 }
  for (const [mirrored, x, y] of [
    [false, 0, 0],
    [false, 13, 5],
    [true, 21, 9],
  ] as const) {
    const place = { within: { width: 45, height: 33 }, x, y }
    const out = new Float32Array(24 * 24 * 3)
    writer.write(image, from, 24, mirrored, [], out, place)
    assert.ok(furthest(out, reference(image, from, 24, mirrored, [], place)) <= 1e-6)
  }
})

test('training on photographs as large as ImageNet’s differs from the plain loops in the last bits only', () => {
  const image = noise(5, 500, 375)
  const from = { x: 31, y: 17, width: 403, height: 331 }
  for (const [steps, bound] of [
    [[], 5e-7],
    [
      [
        { operation: 'saturation', amount: 1.4 },
        { operation: 'brightness', amount: 0.1 },
      ],
      1e-6,
    ],
    [
      [
        { operation: 'hue', amount: -0.17 },
        { operation: 'saturation', amount: 0.6 },
        { operation: 'contrast', amount: 1.3 },
        { operation: 'brightness', amount: -0.05 },
      ],
      3e-6,
    ],
  ] as const) {
    const out = new Float32Array(299 * 299 * 3)
    writer.write(image, from, 299, true, steps, out)
    const distance = furthest(out, reference(image, from, 299, true, steps))
    assert.ok(distance > 0 && distance <= bound, `${steps.length} steps: ${distance}`)
  }
})

test('TensorFlow’s arithmetic, bit for bit: levels over 255 and both interpolations in single precision', () => {
  const f = Math.fround
  const image = noise(7, 23, 19)
  const size = 31
  const out = new Float32Array(size * size * 3)
  writer.write(image, { x: 0, y: 0, width: 23, height: 19 }, size, false, [], out)
  const level = (x: number, y: number, c: number) =>
    f(image.rgb[(Math.min(y, 18) * 23 + Math.min(x, 22)) * 3 + c]! * f(1 / 255))
  const lerp = (a: number, b: number, weight: number) => f(a + f(f(b - a) * weight))
  for (let j = 0; j < size; j++)
    for (let i = 0; i < size; i++)
      for (let c = 0; c < 3; c++) {
        const [sx, sy] = [f(i * f(23 / size)), f(j * f(19 / size))]
        const [x, y] = [Math.floor(sx), Math.floor(sy)]
        const upper = lerp(level(x, y, c), level(x + 1, y, c), f(sx - x))
        const lower = lerp(level(x, y + 1, c), level(x + 1, y + 1, c), f(sx - x))
        const value = lerp(upper, lower, f(sy - y))
        assert.equal(out[(j * size + i) * 3 + c], f((Math.min(Math.max(value, 0), 1) - 0.5) * 2))
      }
})
