import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RandomStream } from '../../src/base/random.js'
import { distortColour, scaleContrast, scaleSaturation, shiftBrightness, turnHue } from '../../src/data/colour.js'

// Brightness may have come first, so values a little outside [0, 1] occur.
const channel = fc.float({ min: Math.fround(-0.13), max: Math.fround(1.13), noNaN: true })
const pixel = fc.tuple(channel, channel, channel)

function toHsv([r, g, b]: readonly number[]): [number, number, number] {
  const v = Math.max(r!, g!, b!)
  const range = v - Math.min(r!, g!, b!)
  const s = v > 0 ? range / v : 0
  if (range <= 0) return [0, s, v]
  const h =
    v === r ? (g! - b!) / (6 * range) : v === g ? (b! - r!) / (6 * range) + 2 / 6 : (r! - g!) / (6 * range) + 4 / 6
  return [h < 0 ? h + 1 : h, s, v]
}

/** By TensorFlow's kernel: chroma, then the sector of the hue. */
function toRgb([h, s, v]: readonly [number, number, number]): number[] {
  const c = s * v
  const m = v - c
  const dh = h * 6
  const x = c * (1 - Math.abs((dh % 2) - 1))
  const sectors = [
    [c, x, 0],
    [x, c, 0],
    [0, c, x],
    [0, x, c],
    [x, 0, c],
    [c, 0, x],
  ]
  return (sectors[Math.floor(dh)] ?? [c, 0, 0]).map(value => value + m)
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number) => {
  for (let i = 0; i < b.length; i++)
    assert.ok(Math.abs(a[i]! - b[i]!) <= tolerance, `${Array.from(a)} not ${Array.from(b)}`)
}

test('saturation is what a trip through HSV gives', () => {
  fc.assert(
    fc.property(pixel, fc.double({ min: 0.5, max: 1.5, noNaN: true }), (rgb, factor) => {
      const pixels = Float32Array.from(rgb)
      const [h, s, v] = toHsv([...pixels])
      scaleSaturation(pixels, factor)
      close(pixels, toRgb([h, Math.min(1, Math.max(0, s * factor)), v]), 1e-6)
    }),
    { numRuns: 2000 },
  )
})

test('hue is what a turn in HSV gives', () => {
  const inside = fc.float({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.tuple(inside, inside, inside), fc.double({ min: -0.2, max: 0.2, noNaN: true }), (rgb, delta) => {
      const pixels = Float32Array.from(rgb)
      const [h, s, v] = toHsv([...pixels])
      turnHue(pixels, delta)
      close(pixels, toRgb([(h + delta + 1) % 1, s, v]), 2e-6)
    }),
    { numRuns: 2000 },
  )
})

test('primaries turn into each other', () => {
  const pixels = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0.5)
  turnHue(pixels, 1 / 3)
  close(pixels, [0, 1, 0, 0, 0, 1, 1, 0, 0, 0.5, 0.5, 0.5], 1e-6)
})

test('brightness adds, contrast spreads around the mean of each channel', () => {
  const pixels = Float32Array.of(0, 0.5, 1, 0.5, 0.5, 0)
  shiftBrightness(pixels, 0.25)
  assert.deepEqual([...pixels], [0.25, 0.75, 1.25, 0.75, 0.75, 0.25])
  scaleContrast(pixels, 0.5)
  assert.deepEqual([...pixels], [0.375, 0.75, 1, 0.625, 0.75, 0.5])
})

test('fast mode puts saturation first three times in four', () => {
  // On this pixel the orders differ: a shift of brightness changes its saturation.
  let brightnessFirst = 0
  const draws = 4000
  for (let seed = 0; seed < draws; seed++) {
    const pixels = Float32Array.of(0.2, 0.5, 0.8)
    distortColour(pixels, 'fast', new RandomStream(seed))
    const replay = new RandomStream(seed)
    const order = replay.integer(4)
    const expected = Float32Array.of(0.2, 0.5, 0.8)
    if (order === 0) {
      brightnessFirst++
      shiftBrightness(expected, replay.uniform(-32 / 255, 32 / 255))
      scaleSaturation(expected, replay.uniform(0.5, 1.5))
    } else {
      scaleSaturation(expected, replay.uniform(0.5, 1.5))
      shiftBrightness(expected, replay.uniform(-32 / 255, 32 / 255))
    }
    assert.deepEqual(pixels, expected)
  }
  assert.ok(Math.abs(brightnessFirst / draws - 0.25) < 0.03)
})

test('full mode takes the four orders of Slim', () => {
  const orders = ['BSHC', 'SBCH', 'CHBS', 'HSCB']
  const apply: Record<string, (pixels: Float32Array, random: RandomStream) => void> = {
    B: (pixels, random) => shiftBrightness(pixels, random.uniform(-32 / 255, 32 / 255)),
    S: (pixels, random) => scaleSaturation(pixels, random.uniform(0.5, 1.5)),
    H: (pixels, random) => turnHue(pixels, random.uniform(-0.2, 0.2)),
    C: (pixels, random) => scaleContrast(pixels, random.uniform(0.5, 1.5)),
  }
  const seen = new Set<number>()
  for (let seed = 0; seed < 40; seed++) {
    const pixels = Float32Array.of(0.2, 0.5, 0.8, 0.9, 0.1, 0.4)
    distortColour(pixels, 'full', new RandomStream(seed))
    const replay = new RandomStream(seed)
    const order = replay.integer(4)
    seen.add(order)
    const expected = Float32Array.of(0.2, 0.5, 0.8, 0.9, 0.1, 0.4)
    for (const letter of orders[order]!) apply[letter]!(expected, replay)
    assert.deepEqual(pixels, expected)
  }
  assert.equal(seen.size, 4)
})

test('none leaves the colours and draws nothing', () => {
  const pixels = Float32Array.of(0.2, 0.5, 0.8)
  const random = new RandomStream(1)
  distortColour(pixels, 'none', random)
  assert.deepEqual(pixels, Float32Array.of(0.2, 0.5, 0.8))
  assert.equal(random.uint32(), new RandomStream(1).uint32())
})
