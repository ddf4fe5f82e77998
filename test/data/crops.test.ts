import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { cropProtocols } from '../../src/data/crops/crops.js'
import type { CropName, View } from '../../src/data/crops/protocol.js'

type Pair = readonly [number, number]
type Placed = readonly [square: string, crop: string, x: number, y: number, width: number, height: number]
type Named = readonly [crop: string, x: number, y: number, width: number, height: number]

interface Scale<Crop> {
  readonly scale: number
  readonly resized: Pair
  readonly crops: readonly Crop[]
}

interface Rectangles {
  readonly '144': readonly Scale<Placed>[]
  readonly '12': Scale<Named>
  readonly '10': Scale<Named>
}

interface Golden {
  readonly image: Pair
  readonly '224': Rectangles
  readonly '299': Rectangles
  readonly single_299: {
    readonly timm: { readonly resized: Pair; readonly crop: readonly number[] }
    readonly tf_slim: { readonly crop_in_original: readonly number[] }
  }
}

const golden = (
  JSON.parse(readFileSync(new URL('../../../test/data/fixtures/crops.json', import.meta.url), 'utf8')) as {
    readonly sets: readonly Golden[]
  }
).sets

const names = Object.keys(cropProtocols) as CropName[]
const extentOf = ([width, height]: Pair) => ({ width, height })
const row = ({ resized, from, mirrored }: View) => [
  resized?.width,
  resized?.height,
  from.x,
  from.y,
  from.width,
  from.height,
  mirrored,
]

/** The rows that the file's scales stand for, in its order: each crop as it is, then mirrored. */
const rowsOf = (scales: readonly Scale<Placed | Named>[]) =>
  scales.flatMap(({ resized, crops }) =>
    crops.flatMap(crop => [false, true].map(mirrored => [...resized, ...crop.slice(-4), mirrored])),
  )

// The file allows a pixel where its source leaves the rounding open; its own conventions are kept here to the pixel.
test('10, 12 and 144 crops are the rectangles of an independent program, in its order', () => {
  assert.equal(golden.length, 5)
  for (const { image, ...sets } of golden)
    for (const size of [224, 299] as const) {
      const views = (name: CropName) => cropProtocols[name].views(extentOf(image), size).map(row)
      assert.deepEqual(views('144'), rowsOf(sets[size]['144']))
      assert.deepEqual(views('12'), rowsOf([sets[size]['12']]))
      assert.deepEqual(views('10'), rowsOf([sets[size]['10']]))
    }
})

test('single crops are those of TF-Slim and timm', () => {
  for (const { image, single_299 } of golden) {
    const rows = (name: CropName) => cropProtocols[name].views(extentOf(image), 299).map(row)
    assert.deepEqual(rows('slim'), [[undefined, undefined, ...single_299.tf_slim.crop_in_original, false]])
    assert.deepEqual(rows('timm'), [[...single_299.timm.resized, ...single_299.timm.crop, false]])
  }
  // torchvision's `round` takes ties to the even number: (346 − 299) / 2 = 23.5 and (344 − 299) / 2 = 22.5.
  const x = (width: number) => cropProtocols.timm.views({ width, height: 341 }, 299)[0]!.from.x
  assert.deepEqual([x(346), x(344)], [24, 22])
  const { resized } = cropProtocols.timm.views({ width: 500, height: 333 }, 299, { fraction: 0.8975 })[0]!
  assert.deepEqual(resized, { width: 500, height: 333 })
})

test("torchvision's crop is timm's but for the short side", () => {
  const rows = (name: CropName, size: number) => cropProtocols[name].views({ width: 500, height: 375 }, size).map(row)
  assert.deepEqual(rows('torchvision', 299), [[456, 342, 78, 22, 299, 299, false]])
  assert.deepEqual(rows('timm', 299), [[454, 341, 78, 21, 299, 299, false]])
  assert.deepEqual(rows('torchvision', 224), rows('timm', 224))
  assert.match(cropProtocols.torchvision.describe(299), /^short side 342,.*bilinear as Pillow$/)
})

test("VGG's crop rounds the long side, and begins at the whole pixel before the centre", () => {
  const rows = (width: number, height: number) => cropProtocols.vgg.views({ width, height }, 224).map(row)
  assert.deepEqual(rows(500, 375), [[341, 256, 58, 16, 224, 224, false]])
  assert.deepEqual(rows(333, 500), [[256, 384, 16, 80, 224, 224, false]])
  // 500 · 256 / 307 is 416.9: torchvision cuts it to 416.
  assert.deepEqual(rows(500, 307), [[417, 256, 96, 16, 224, 224, false]])
  assert.match(cropProtocols.vgg.describe(224), /^short side 256,.*bilinear as TensorFlow 1$/)
})

test('every view lies inside its image, whatever the shape', () => {
  const side = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(1, 2, 299, 100_000))
  const fraction = fc.double({ min: 0.01, max: 1, noNaN: true })
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 400 }), fraction, (width, height, size, fraction) => {
      for (const name of names) {
        const protocol = cropProtocols[name]
        const views = protocol.views({ width, height }, size, { fraction })
        assert.equal(views.length, protocol.count)
        assert.equal(new Set(views.map(({ resized }) => resized)).size, protocol.scales)
        for (const { resized, from } of views) {
          const within = resized ?? { width, height }
          assert.ok([within.width, within.height, ...Object.values(from)].every(Number.isSafeInteger))
          assert.ok(from.x >= 0 && from.y >= 0 && from.width >= 1 && from.height >= 1)
          assert.ok(from.x + from.width <= within.width && from.y + from.height <= within.height)
          if (resized !== undefined) {
            assert.equal(Math.sign(resized.width - resized.height) * Math.sign(width - height) >= 0, true)
            assert.ok(from.width >= size && from.height >= size)
          }
        }
      }
    }),
  )
})

test('the choices that are made are told', () => {
  assert.match(cropProtocols['144'].describe(224), /^short sides 256, 288, 320, 352,/)
  assert.match(cropProtocols['144'].describe(299), /^short sides 342, 384, 427, 470, .*bicubic as Pillow$/)
  assert.match(cropProtocols['12'].describe(299), /^short side 342;/)
  assert.match(cropProtocols.timm.describe(299, { fraction: 0.8975 }), /^short side 333,/)
  assert.match(cropProtocols.slim.describe(299), /0\.875 .*299 × 299.*TensorFlow 1$/)
  for (const name of names) {
    assert.equal(cropProtocols[name].id, name)
    assert.ok(cropProtocols[name].title.length > 0)
  }
})
