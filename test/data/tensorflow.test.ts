import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { RandomStream } from '../../src/base/random.js'
import { scaleContrast, scaleSaturation, turnHue } from '../../src/data/colour.js'
import { distortedCrop, type Rectangle } from '../../src/data/crop.js'
import { drawMethod, type ResizeMethod, resizeBy, resizeMethods } from '../../src/data/resize-methods.js'
import { lcgBytes } from './picture.js'

// What TensorFlow's own kernels made: see make-tensorflow.py beside the file.

interface Fixture {
  readonly resized: readonly {
    readonly method: ResizeMethod
    readonly seed: number
    readonly width: number
    readonly height: number
    readonly size: number
    readonly values: readonly number[]
  }[]
  readonly coloured: readonly {
    readonly operation: 'saturation' | 'contrast' | 'hue'
    readonly by: number
    readonly of: readonly number[]
    readonly values: readonly number[]
  }[]
  readonly crops: readonly {
    readonly width: number
    readonly height: number
    readonly boxes: readonly (readonly [number, number, number, number])[]
    readonly draws: number
    readonly counts: Readonly<Record<keyof Rectangle, readonly (readonly [number, number])[]>>
  }[]
}

const file = fileURLToPath(new URL('../../../test/data/fixtures/tensorflow.json', import.meta.url))
const { resized, coloured, crops } = JSON.parse(readFileSync(file, 'utf8')) as Fixture

const furthest = (a: ArrayLike<number>, b: readonly number[]) =>
  b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0)

test("the four resize methods are TensorFlow's, plain and mirrored", () => {
  assert.deepEqual(new Set(resized.map(({ method }) => method)), new Set(resizeMethods))
  for (const { method, seed, width, height, size, values } of resized) {
    const image = { width, height, rgb: lcgBytes(seed, width * height * 3) }
    const out = new Float32Array(size * size * 3)
    resizeBy(method, image, { x: 0, y: 0, width, height }, size, out)
    assert.ok(furthest(out, values) < 1e-5, `${method} of ${width} × ${height} to ${size}: ${furthest(out, values)}`)

    const mirrored = new Float32Array(size * size * 3)
    resizeBy(method, image, { x: 0, y: 0, width, height }, size, mirrored, true)
    for (let i = 0; i < size * size; i++) {
      const other = i - (i % size) + (size - 1 - (i % size))
      assert.deepEqual(mirrored.subarray(i * 3, i * 3 + 3), out.subarray(other * 3, other * 3 + 3))
    }
  }
})

test('a rectangle is resized as if it were the image', () => {
  const whole = { width: 19, height: 17, rgb: lcgBytes(9, 19 * 17 * 3) }
  const from = { x: 4, y: 3, width: 11, height: 9 }
  const rows = Array.from({ length: 9 }, (_, y) => [...whole.rgb.subarray(((y + 3) * 19 + 4) * 3).subarray(0, 33)])
  const part = { width: 11, height: 9, rgb: Uint8Array.from(rows.flat()) }
  for (const method of resizeMethods) {
    const [a, b] = [new Float32Array(7 * 7 * 3), new Float32Array(7 * 7 * 3)]
    resizeBy(method, whole, from, 7, a)
    resizeBy(method, part, { x: 0, y: 0, width: 11, height: 9 }, 7, b)
    assert.deepEqual(a, b)
  }
})

test("each of the four methods is drawn as often, and 'random' alone draws", () => {
  const random = new RandomStream(3)
  const counts = resizeMethods.map(() => 0)
  for (let i = 0; i < 8000; i++) counts[resizeMethods.indexOf(drawMethod('random', random))]!++
  // 3 degrees of freedom: 21 is the 99.99th percentile.
  assert.ok(counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0) < 21, `${counts}`)
  const untouched = new RandomStream(4)
  assert.equal(drawMethod('area', untouched), 'area')
  assert.equal(untouched.uint32(), new RandomStream(4).uint32())
})

test("saturation, contrast and hue are TensorFlow's", () => {
  const operations = { saturation: scaleSaturation, contrast: scaleContrast, hue: turnHue }
  for (const { operation, by, of, values } of coloured) {
    const pixels = Float32Array.from(of)
    operations[operation](pixels, by)
    assert.ok(furthest(pixels, values) < 1e-5, `${operation} by ${by}: ${furthest(pixels, values)}`)
  }
})

test("crops come up as often as TensorFlow's, with objects and without", () => {
  for (const { width, height, boxes, draws, counts } of crops) {
    const objects = boxes.map(([top, left, bottom, right]) => {
      const [x, y] = [Math.trunc(left * width), Math.trunc(top * height)]
      return { x, y, width: Math.trunc(right * width) - x, height: Math.trunc(bottom * height) - y }
    })
    const random = new RandomStream(width, 'crops')
    const ours = { x: new Map(), y: new Map(), width: new Map(), height: new Map() } as Record<
      keyof Rectangle,
      Map<number, number>
    >
    for (let i = 0; i < draws; i++) {
      const crop = distortedCrop(width, height, random, {}, objects)
      for (const side of ['x', 'y', 'width', 'height'] as const)
        ours[side].set(crop[side], (ours[side].get(crop[side]) ?? 0) + 1)
    }
    for (const side of ['x', 'y', 'width', 'height'] as const) {
      const theirs = new Map(counts[side])
      let statistic = 0
      let bins = 0
      let [rareOurs, rareTheirs] = [0, 0]
      for (const value of new Set([...theirs.keys(), ...ours[side].keys()])) {
        const [a, b] = [ours[side].get(value) ?? 0, theirs.get(value) ?? 0]
        if (a + b < 20) {
          rareOurs += a
          rareTheirs += b
        } else {
          statistic += (a - b) ** 2 / (a + b)
          bins++
        }
      }
      statistic += (rareOurs - rareTheirs) ** 2 / Math.max(1, rareOurs + rareTheirs)
      // Chi-squared has mean and variance n and 2n: beyond four deviations is one in some ten thousand.
      const limit = bins + 4 * Math.sqrt(2 * bins)
      assert.ok(statistic < limit, `${side} of ${width} × ${height}, ${boxes.length} boxes: ${statistic} over ${limit}`)
    }
  }
})
