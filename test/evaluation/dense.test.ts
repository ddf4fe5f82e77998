import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { describeCrops, sidesOf } from '../../src/evaluation/crops.js'
import { denseExtent, denseSides, groupByShape } from '../../src/evaluation/dense.js'

const side = fc.integer({ min: 1, max: 900 })
const length = fc.integer({ min: 1, max: 20000 })

test('the short side is what was asked for, the long one a multiple of 32 in proportion, neither extreme', () => {
  fc.assert(
    fc.property(length, length, side, (width, height, short) => {
      const extent = denseExtent({ width, height }, short)
      const [least, most] = [Math.min(extent.width, extent.height), Math.max(extent.width, extent.height)]
      assert.equal(least, short)
      assert.ok(most === short || (most % 32 === 0 && most <= 3 * short))
      if (width <= height) assert.ok(extent.width <= extent.height)
      else assert.ok(extent.height <= extent.width)
      const exact = (Math.max(width, height) / Math.min(width, height)) * short
      if (most > short && most < 3 * short - 32) assert.ok(Math.abs(most - exact) <= 16)
      assert.deepEqual(
        denseExtent({ width: height, height: width }, short),
        width === height ? extent : { width: extent.height, height: extent.width },
      )
    }),
  )
})

test('shapes of common images', () => {
  assert.deepEqual(denseExtent({ width: 500, height: 375 }, 299), { width: 384, height: 299 })
  assert.deepEqual(denseExtent({ width: 375, height: 500 }, 224), { width: 224, height: 288 })
  assert.deepEqual(denseExtent({ width: 500, height: 500 }, 299), { width: 299, height: 299 })
  assert.deepEqual(denseExtent({ width: 501, height: 500 }, 299), { width: 299, height: 299 })
  assert.deepEqual(denseExtent({ width: 10000, height: 1 }, 299), { width: 896, height: 299 })
  assert.deepEqual(denseExtent({ width: 1, height: 10000 }, 20), { width: 20, height: 32 })
})

test('sides are He’s in proportion to the size of training, unless given', () => {
  assert.deepEqual(denseSides(224), [224, 256, 384, 480, 640])
  assert.deepEqual(denseSides(299), [299, 342, 513, 641, 854])
  assert.deepEqual(sidesOf({ kind: 'dense' }, 224), [224, 256, 384, 480, 640])
  for (const [sides, message] of [
    [[], /needs a side/],
    [[0], /side 0 of dense evaluation: must be a whole number/],
    [[96, 1.5], /side 1.5/],
    [[96, Number.NaN], /side NaN/],
    [[96, 96], /sides 96, 96 of dense evaluation: give each once/],
  ] as const)
    assert.throws(() => sidesOf({ kind: 'dense', sides }, 75), { name: 'UserError', message })
})

test('crops are described with every choice', () => {
  assert.match(
    describeCrops({ kind: 'dense', sides: [80, 96] }, 75, 0.875),
    /^dense: the whole image, short side 80, 96, long side .* multiple of 32 .*at most 3 times.*plain and mirrored and over the sides$/,
  )
  assert.match(
    describeCrops({ kind: 'views', name: 'slim' }, 299, 0.5),
    /^single crop \(TF-Slim\): the central 0.5 of each/,
  )
})

test('every image is in the group of its shape, in order, and those without size in none', () => {
  const sizes = fc.array(
    fc.option(fc.record({ width: fc.integer({ min: 1, max: 600 }), height: fc.integer({ min: 1, max: 600 }) }), {
      nil: undefined,
    }),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(sizes, side, (all, short) => {
      const groups = groupByShape(all, short)
      const shapes = groups.map(({ extent }) => `${extent.width}×${extent.height}`)
      assert.equal(new Set(shapes).size, shapes.length)
      for (const { extent, images } of groups) {
        assert.deepEqual(
          images,
          [...images].sort((a, b) => a - b),
        )
        for (const image of images) assert.deepEqual(denseExtent(all[image]!, short), extent)
      }
      const found = groups.flatMap(({ images }) => images).sort((a, b) => a - b)
      assert.deepEqual(
        found,
        [...all.keys()].filter(image => all[image] !== undefined),
      )
    }),
  )
})
