import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { decodeFile } from '../../src/data/decode.js'
import { type Filter, resample } from '../../src/data/resample.js'
import { noise } from './picture.js'

const fixtures = fileURLToPath(new URL('../../../test/data/fixtures/', import.meta.url))
const filter = fc.constantFrom<Filter>('bilinear', 'bicubic')
const side = fc.integer({ min: 1, max: 24 })

test("Pillow's own pixels, growing and shrinking, odd sizes and single pixels", async () => {
  const names = readdirSync(fixtures).flatMap(name => /^(\w+)\.(bilinear|bicubic)\.(\d+)x(\d+)\.png$/.exec(name) ?? [])
  assert.equal(names.length, 5 * 32)
  for (let i = 0; i < names.length; i += 5) {
    const [file, name, kind, width, height] = names.slice(i, i + 5)
    const image = await decodeFile(`${fixtures}${name}.png`)
    const expected = await decodeFile(`${fixtures}${file}`)
    const made = resample(image, Number(width), Number(height), kind as Filter)
    assert.deepEqual([made.width, made.height], [expected.width, expected.height], file)
    assert.deepEqual([...made.rgb], [...expected.rgb], file)
  }
})

test('a part is what would be cut from the whole', () => {
  fc.assert(
    fc.property(
      side,
      side,
      side,
      side,
      filter,
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (...a) => {
        const [w, h, width, height, kind, fractions] = a
        const within = (n: number) => Math.round(fractions.next().value! * n)
        const [x, y] = [within(width - 1), within(height - 1)]
        const part = { x, y, width: 1 + within(width - x - 1), height: 1 + within(height - y - 1) }
        const image = noise(w * 100 + h, w, h)
        const whole = resample(image, width, height, kind)
        const cut = resample(image, width, height, kind, part)
        const rows = Array.from({ length: part.height }, (_, j) => {
          const start = ((y + j) * width + x) * 3
          return [...whole.rgb.subarray(start, start + part.width * 3)]
        })
        assert.deepEqual([...cut.rgb], rows.flat())
      },
    ),
  )
})

test('one colour stays, and the same size is a copy', () => {
  fc.assert(
    fc.property(
      side,
      side,
      side,
      side,
      filter,
      fc.integer({ min: 0, max: 255 }),
      (w, h, width, height, kind, level) => {
        const plain = { width: w, height: h, rgb: new Uint8Array(w * h * 3).fill(level) }
        assert.ok(resample(plain, width, height, kind).rgb.every(value => value === level))
        const image = noise(w + h, w, h)
        const same = resample(image, w, h, kind)
        assert.deepEqual(same.rgb, image.rgb)
        assert.notEqual(same.rgb.buffer, image.rgb.buffer)
      },
    ),
  )
})
