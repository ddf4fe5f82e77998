import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { centralCrop, type Rectangle } from '../../src/data/crop.js'
import { cropProtocols } from '../../src/data/crops/crops.js'
import type { RgbImage } from '../../src/data/decode.js'
import { ImageViews } from '../../src/data/image-views.js'
import type { ViewPreprocessing } from '../../src/data/preprocessing.js'
import { resample } from '../../src/data/resample.js'
import { resizeBilinear } from '../../src/data/resize.js'
import { writeBilinear } from '../../src/data/sample-writer.js'
import { noise } from './picture.js'

function written(image: RgbImage, preprocessing: ViewPreprocessing, index: number): Float32Array {
  const { width, height } = preprocessing.kind === 'whole' ? preprocessing : sizeOf(preprocessing.size)
  const out = new Float32Array(width * height * 3).fill(Number.NaN)
  new ImageViews(image, preprocessing).write(index, out)
  return out
}

const sizeOf = (size: number) => ({ width: size, height: size })

function cut({ rgb, width }: RgbImage, from: Rectangle): RgbImage {
  const at = (i: number) => ((from.y + Math.floor(i / from.width)) * width + from.x + (i % from.width)) * 3
  const pixels = Array.from({ length: from.width * from.height }, (_, i) => [...rgb.subarray(at(i), at(i) + 3)])
  return { width: from.width, height: from.height, rgb: Uint8Array.from(pixels.flat()) }
}

/** The bytes that values in [−1, 1] came from, with left and right swapped back. */
function bytesOf(values: Float32Array, width: number, mirrored: boolean): number[] {
  const bytes = Array.from(values, value => Math.round((value + 1) * 127.5))
  const pixel = (i: number) => (mirrored ? i - (i % width) + width - 1 - (i % width) : i)
  return bytes.map((_, i) => bytes[pixel(Math.floor(i / 3)) * 3 + (i % 3)]!)
}

test('a view is the resized image, cut, made as large as the input and mirrored', () => {
  const side = fc.integer({ min: 1, max: 70 })
  const crops = fc.constantFrom('timm', '10', '12', '144')
  fc.assert(
    fc.property(side, side, crops, fc.integer({ min: 1, max: 24 }), fc.nat(), (width, height, crops, size, nth) => {
      const image = noise(width * 71 + height, width, height)
      const protocol = cropProtocols[crops]
      const index = nth % protocol.count
      const { resized, from, mirrored } = protocol.views(image, size)[index]!
      const view = cut(resample(image, resized!.width, resized!.height, 'bicubic'), from)
      const expected = resample(view, size, size, 'bicubic')
      const values = written(image, { kind: 'views', crops, size }, index)
      assert.deepEqual(bytesOf(values, size, mirrored), [...expected.rgb])
    }),
    { numRuns: 60 },
  )
})

test('views may be asked for in any order', () => {
  const image = noise(1, 31, 23)
  const preprocessing = { kind: 'views', crops: '144', size: 9 } as const
  const views = new ImageViews(image, preprocessing)
  const out = new Float32Array(9 * 9 * 3)
  for (const index of [0, 143, 11, 10, 36, 1, 0, 143, 46, 47]) {
    views.write(index, out)
    assert.deepEqual(out, written(image, preprocessing, index))
  }
})

test("TF-Slim's crop is the centre of the image, resized as TensorFlow 1 does, to the bit", () => {
  for (const [width, height, fraction] of [
    [33, 20, 0.875],
    [7, 50, 0.5],
  ] as const) {
    const image = noise(3, width, height)
    const expected = new Float32Array(11 * 11 * 3)
    resizeBilinear(image, centralCrop(width, height, fraction), 11, expected)
    for (let i = 0; i < expected.length; i++) expected[i] = (Math.min(Math.max(expected[i]!, 0), 1) - 0.5) * 2
    assert.deepEqual(written(image, { kind: 'views', crops: 'slim', size: 11, fraction }, 0), expected)
  }
})

test('what vectors write is what plain loops write, up to the last bits', () => {
  const image = noise(9, 61, 47)
  for (const crops of ['slim', 'vgg', '12'] as const) {
    const preprocessing = { kind: 'views', crops, size: 24 } as const
    const [plain, fast] = [new ImageViews(image, preprocessing), new ImageViews(image, preprocessing, writeBilinear)]
    for (const index of plain.weights.keys()) {
      const [expected, got] = [new Float32Array(24 * 24 * 3), new Float32Array(24 * 24 * 3)]
      plain.write(index, expected)
      fast.write(index, got)
      for (const [i, value] of got.entries()) assert.ok(Math.abs(value - expected[i]!) <= 1e-6, `${crops} ${index}`)
    }
  }
})

/** The definition of bilinear interpolation at a place of an image, whose last pixels go on beyond its edges. */
function between({ rgb, width, height }: RgbImage, x: number, y: number, channel: number): number {
  const at = (i: number, j: number) => rgb[(Math.min(j, height - 1) * width + Math.min(i, width - 1)) * 3 + channel]!
  const [left, top] = [Math.floor(x), Math.floor(y)]
  const row = (j: number) => at(left, j) * (left + 1 - x) + at(left + 1, j) * (x - left)
  return row(top) * (top + 1 - y) + row(top + 1) * (y - top)
}

test("VGG's crop is the centre of the whole image resized as TensorFlow 1 does", () => {
  for (const [width, height, resized, left, top] of [
    [40, 23, { width: 28, height: 16 }, 7, 1],
    [16, 37, { width: 16, height: 37 }, 1, 11],
  ] as const) {
    const image = noise(8, width, height)
    const got = written(image, { kind: 'views', crops: 'vgg', size: 14 }, 0)
    for (const [i, value] of got.entries()) {
      const [x, y] = [left + (Math.floor(i / 3) % 14), top + Math.floor(i / 42)]
      const wanted = between(image, (x * width) / resized.width, (y * height) / resized.height, i % 3)
      assert.ok(Math.abs(value - (wanted / 127.5 - 1)) < 1e-5, `${width}×${height}, ${i}: ${value} ${wanted}`)
    }
  }
})

test('the whole image in any shape, as it is and mirrored', () => {
  const image = noise(4, 20, 14)
  const whole = { kind: 'whole', width: 13, height: 17 } as const
  const { rgb } = resample(image, 13, 17, 'bicubic')
  assert.deepEqual(bytesOf(written(image, whole, 0), 13, false), [...rgb])
  assert.deepEqual(bytesOf(written(image, whole, 1), 13, true), [...rgb])
  assert.deepEqual([...new ImageViews(image, whole).weights], [0.5, 0.5])
})

test('shares sum to 1; of a square image 48 of 144 views are different, and each counts three times', () => {
  const square = new ImageViews(noise(5, 40, 40), { kind: 'views', crops: '144', size: 299 }).weights
  assert.deepEqual(
    [...square],
    Array.from({ length: 144 }, (_, i) => (i % 36 < 12 ? Math.fround(3 / 144) : 0)),
  )
  // Of 500 × 375 no two crops coincide; of 50 × 40 the corners of neighbouring squares do.
  const oblong = new ImageViews(noise(5, 500, 375), { kind: 'views', crops: '144', size: 299 }).weights
  assert.ok(oblong.every(weight => weight === Math.fround(1 / 144)))
  const touching = new ImageViews(noise(5, 50, 40), { kind: 'views', crops: '144', size: 299 }).weights
  assert.deepEqual([touching[2], touching[12]], [Math.fround(2 / 144), 0])
  const side = fc.integer({ min: 1, max: 60 })
  fc.assert(
    fc.property(
      side,
      side,
      fc.constantFrom('10', '12', '144'),
      fc.integer({ min: 1, max: 300 }),
      (w, h, crops, size) => {
        const { weights } = new ImageViews(noise(6, w, h), { kind: 'views', crops, size })
        assert.ok(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-6)
        const views = cropProtocols[crops].views({ width: w, height: h }, size)
        const distinct = new Set(views.map(view => JSON.stringify(view)))
        assert.equal(weights.filter(weight => weight > 0).length, distinct.size)
      },
    ),
  )
})

test('an image far longer than wide is not resized as a whole', () => {
  // Made 342 wide, this line would have ten million rows.
  const line = noise(7, 1, 30_000)
  const preprocessing = { kind: 'views', crops: '144', size: 299 } as const
  const views = cropProtocols['144'].views(line, 299)
  const out = new Float32Array(299 * 299 * 3)
  const cutter = new ImageViews(line, preprocessing)
  for (const index of [0, 22, 143]) {
    cutter.write(index, out)
    const { resized, from, mirrored } = views[index]!
    const part = resample(line, resized!.width, resized!.height, 'bicubic', from)
    assert.deepEqual(bytesOf(out, 299, mirrored), [...resample(part, 299, 299, 'bicubic').rgb])
  }
})
