import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RandomStream } from '../../src/base/random.js'
import { areaCrop } from '../../src/data/area-crop.js'

const side = fc.integer({ min: 1, max: 600 })

test('a crop lies within the image', () => {
  fc.assert(
    fc.property(side, side, fc.nat(), (width, height, seed) => {
      const crop = areaCrop(width, height, new RandomStream(seed))
      assert.ok(crop.x >= 0 && crop.y >= 0 && crop.width >= 1 && crop.height >= 1)
      assert.ok(crop.x + crop.width <= width && crop.y + crop.height <= height)
    }),
    { numRuns: 500 },
  )
})

/** Beyond four deviations of the statistic is one in some ten thousand. */
function expectUniform(counts: readonly number[], what: string): void {
  const expected = counts.reduce((sum, n) => sum + n, 0) / counts.length
  const statistic = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
  const freedom = counts.length - 1
  assert.ok(statistic < freedom + 4 * Math.sqrt(2 * freedom), `${what}: ${statistic} for ${freedom} degrees of freedom`)
}

test('the law is uniform in area and log-uniform in aspect where all aspects fit', () => {
  // In a square of side 1 an area a fits with the aspect r where a ≤ min(r, 1/r): with every aspect up to a = ¾, above
  // with probability −ln a / ln 4⁄3.
  const random = new RandomStream(11)
  const n = 4000
  const draws = 30_000
  const [areas, aspects, offsets] = [20, 20, 10].map(bins => new Array<number>(bins).fill(0))
  let large = 0
  for (let i = 0; i < draws; i++) {
    const { x, width, height } = areaCrop(n, n, random)
    const area = (width * height) / n ** 2
    if (area > 0.75) {
      large++
      continue
    }
    areas![Math.min(19, Math.max(0, Math.floor(((area - 0.08) / 0.67) * 20)))]!++
    const aspect = (Math.log(width / height) / Math.log(4 / 3) + 1) / 2
    aspects![Math.min(19, Math.max(0, Math.floor(aspect * 20)))]!++
    offsets![Math.floor((x / (n - width + 1)) * 10)]!++
  }
  expectUniform(areas!, 'areas')
  expectUniform(aspects!, 'aspects')
  expectUniform(offsets!, 'offsets')
  const log = Math.log(4 / 3)
  const accepted = (1 - 0.75 + 0.75 * Math.log(0.75)) / log
  assert.ok(Math.abs(large / draws - accepted / (0.67 + accepted)) < 0.01)
})

test('a crop can touch every edge', () => {
  const random = new RandomStream(12)
  const touched = new Set<string>()
  for (let i = 0; i < 2000; i++) {
    const { x, y, width, height } = areaCrop(9, 9, random)
    if (width === 5) touched.add(`x${x}`)
    if (height === 5) touched.add(`y${y}`)
  }
  assert.deepEqual([...touched].sort(), ['x0', 'x1', 'x2', 'x3', 'x4', 'y0', 'y1', 'y2', 'y3', 'y4'])
})

test('a strip gives its centre with the longest lawful aspect', () => {
  // No crop with a lawful aspect shows 8 % of it.
  assert.deepEqual(areaCrop(1000, 3, new RandomStream(1)), { x: 498, y: 0, width: 4, height: 3 })
  assert.deepEqual(areaCrop(3, 1000, new RandomStream(1)), { x: 0, y: 498, width: 3, height: 4 })
})
