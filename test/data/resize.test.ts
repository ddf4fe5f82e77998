import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { RgbImage } from '../../src/data/decode.js'
import { resizeBilinear } from '../../src/data/resize.js'
import { noise } from './picture.js'

/** The definition, one pixel and one channel at a time. */
function oracle(image: RgbImage, x0: number, y0: number, width: number, height: number, size: number): number[] {
  const at = (x: number, y: number, c: number) => image.rgb[((y0 + y) * image.width + x0 + x) * 3 + c]! / 255
  const out: number[] = []
  for (let j = 0; j < size; j++)
    for (let i = 0; i < size; i++)
      for (let c = 0; c < 3; c++) {
        const sx = (i * width) / size
        const sy = (j * height) / size
        const [x, y] = [Math.floor(sx), Math.floor(sy)]
        const [xx, yy] = [Math.min(x + 1, width - 1), Math.min(y + 1, height - 1)]
        const top = at(x, y, c) * (1 - (sx - x)) + at(xx, y, c) * (sx - x)
        const bottom = at(x, yy, c) * (1 - (sx - x)) + at(xx, yy, c) * (sx - x)
        out.push(top * (1 - (sy - y)) + bottom * (sy - y))
      }
  return out
}

test('agrees with the definition on any rectangle and size', () => {
  const image = noise(3, 37, 29)
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 17 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 24 }),
      (x, y, width, height, size) => {
        const out = new Float32Array(size * size * 3)
        resizeBilinear(image, { x, y, width, height }, size, out)
        // A coordinate computed in single precision may be off by some 1e-6 of a pixel, or fall short of a whole one.
        for (const [i, value] of oracle(image, x, y, width, height, size).entries())
          assert.ok(Math.abs(out[i]! - value) < 1e-5, `${i}: ${out[i]} ${value}`)
      },
    ),
    { numRuns: 150 },
  )
})

test('samples at destination · scale: halving takes every other pixel, with no shift and no averaging', () => {
  const image = { width: 4, height: 4, rgb: Uint8Array.from({ length: 48 }, (_, i) => i) }
  const out = new Float32Array(12)
  resizeBilinear(image, { x: 0, y: 0, width: 4, height: 4 }, 2, out)
  const bytes = Array.from(out, value => Math.round(value * 255))
  assert.deepEqual(bytes, [0, 1, 2, 6, 7, 8, 24, 25, 26, 30, 31, 32])
})

test('the same size is the image itself, and mirrored swaps its columns', () => {
  const image = noise(4, 6, 6)
  const plain = new Float32Array(108)
  const mirrored = new Float32Array(108)
  const whole = { x: 0, y: 0, width: 6, height: 6 }
  resizeBilinear(image, whole, 6, plain)
  resizeBilinear(image, whole, 6, mirrored, true)
  assert.deepEqual(
    plain,
    Float32Array.from(image.rgb, value => value / 255),
  )
  for (let y = 0; y < 6; y++)
    for (let x = 0; x < 6; x++)
      for (let c = 0; c < 3; c++) assert.equal(mirrored[(y * 6 + x) * 3 + c], plain[(y * 6 + 5 - x) * 3 + c])
})

test('a single pixel fills any size', () => {
  const out = new Float32Array(5 * 5 * 3)
  resizeBilinear({ width: 1, height: 1, rgb: Uint8Array.of(255, 0, 51) }, { x: 0, y: 0, width: 1, height: 1 }, 5, out)
  assert.deepEqual([...new Set(out)].sort(), [0, Math.fround(0.2), 1])
})

test("TensorFlow.js's resizeBilinear without half-pixel centres", async () => {
  const tf = await import('@tensorflow/tfjs-core')
  await import('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend('wasm')
  for (const [width, height, size] of [
    [37, 23, 61],
    [37, 23, 17],
    [5, 64, 13],
    [438, 329, 299],
    [1, 9, 4],
  ] as const) {
    const image = noise(width, width, height)
    const out = new Float32Array(size * size * 3)
    resizeBilinear(image, { x: 0, y: 0, width, height }, size, out)
    const resized = tf.image.resizeBilinear(tf.tensor3d([...image.rgb], [height, width, 3]), [size, size], false, false)
    const expected = await resized.data<'float32'>()
    const furthest = out.reduce((most, value, i) => Math.max(most, Math.abs(value * 255 - expected[i]!)), 0)
    assert.ok(furthest < 1e-2, `${width} × ${height} to ${size}: ${furthest} levels`)
  }
})
