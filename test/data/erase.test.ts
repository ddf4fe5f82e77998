import assert from 'node:assert/strict'
import test from 'node:test'
import { RandomStream } from '../../src/base/random.js'
import { type EraseMode, eraseRectangle } from '../../src/data/erase.js'

const size = 40

/** Where an image of sevens was changed, and by what. */
function erased(seed: number, mode: EraseMode, probability = 1) {
  const out = new Float32Array(size * size * 3).fill(7)
  eraseRectangle(out, size, { probability, mode }, new RandomStream(seed, 'erase'))
  const at = [...out.keys()].filter(i => out[i] !== 7)
  const rows = at.map(i => Math.floor(i / (size * 3)))
  const columns = at.map(i => Math.floor(i / 3) % size)
  const extent = (of: readonly number[]) => (of.length === 0 ? 0 : Math.max(...of) - Math.min(...of) + 1)
  return { values: at.map(i => out[i]!), height: extent(rows), width: extent(columns) }
}

test('one rectangle is erased, with an area and an aspect within bounds', () => {
  const areas: number[] = []
  const logAspects: number[] = []
  for (let seed = 0; seed < 800; seed++) {
    const { values, width, height } = erased(seed, 'const')
    assert.equal(values.length, width * height * 3, 'the rectangle is full')
    assert.ok(values.every(value => value === 0))
    areas.push((width * height) / size ** 2)
    logAspects.push(Math.log(height / width))
  }
  const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length
  // Rounding to whole pixels moves the bounds a little; too long rectangles are drawn again, so the mean is below ½(2 % + ⅓).
  assert.ok(Math.min(...areas) > 0.01 && Math.max(...areas) < 0.35)
  assert.ok(Math.abs(mean(areas) - 0.174) < 0.015, `${mean(areas)}`)
  assert.ok(Math.abs(mean(logAspects)) < 0.09, `${mean(logAspects)}`)
  assert.ok(Math.max(...logAspects) > 0.9 && Math.min(...logAspects) < -0.9)
})

test('as often as asked for, and never at 0', () => {
  const share = (probability: number) =>
    Array.from({ length: 1000 }, (_, seed) => erased(seed, 'const', probability)).filter(({ width }) => width > 0)
      .length / 1000
  assert.equal(share(0), 0)
  assert.ok(Math.abs(share(0.25) - 0.25) < 0.05)
})

test('noise of deviation 1 for each value, or one colour', () => {
  const pixels = Array.from({ length: 20 }, (_, seed) => erased(seed, 'pixel').values).flat()
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length
  const variance = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length
  assert.ok(pixels.length > 4000 && Math.abs(mean) < 0.05 && Math.abs(variance - 1) < 0.08, `${mean} ${variance}`)
  const { values } = erased(3, 'rand')
  assert.equal(new Set(values).size, 3)
  assert.ok(values.every((value, i) => value === values[i % 3]))
})
