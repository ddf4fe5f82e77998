import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { decodeFile, type RgbImage } from '../../src/data/decode.js'
import { type Affine, rotation, transform } from '../../src/data/pillow/affine.js'
import { scaleBrightness, scaleColour, sharpen, spreadContrast } from '../../src/data/pillow/enhance.js'
import { autoContrast, equalize, invert, posterize, solarize, solarizeAdd } from '../../src/data/pillow/tones.js'
import { noise } from './picture.js'

const fixtures = fileURLToPath(new URL('../../../test/data/fixtures/', import.meta.url))

interface Cases {
  readonly width: number
  readonly height: number
  readonly pictures: number
  readonly cases: readonly {
    readonly operation: string
    readonly arguments: readonly number[]
    readonly picture: number
  }[]
}

const inPlace =
  (operation: (image: RgbImage, argument: number) => void) =>
  (image: RgbImage, [argument]: readonly number[]) => {
    operation(image, argument!)
    return image
  }

const operations: Readonly<Record<string, (image: RgbImage, given: readonly number[]) => RgbImage>> = {
  autoContrast: inPlace(autoContrast),
  equalize: inPlace(equalize),
  invert: inPlace(invert),
  posterize: inPlace(posterize),
  solarize: inPlace(solarize),
  solarizeAdd: inPlace(solarizeAdd),
  scaleColour: inPlace(scaleColour),
  spreadContrast: inPlace(spreadContrast),
  scaleBrightness: inPlace(scaleBrightness),
  sharpen: inPlace(sharpen),
  'rotate.bilinear': (image, [degrees]) => transform(image, rotation(image, degrees!), 'bilinear', 128),
  'rotate.bicubic': (image, [degrees]) => transform(image, rotation(image, degrees!), 'bicubic', 128),
  'transform.bilinear': (image, matrix) => transform(image, matrix as unknown as Affine, 'bilinear', 128),
  'transform.bicubic': (image, matrix) => transform(image, matrix as unknown as Affine, 'bicubic', 128),
}

test("Pillow's own pixels, operation by operation", async () => {
  const { width, height, pictures, cases } = JSON.parse(readFileSync(`${fixtures}ops.json`, 'utf8')) as Cases
  const sheet = await decodeFile(`${fixtures}ops.png`)
  const bytes = width * height * 3
  const at = (place: number): RgbImage => ({
    width,
    height,
    rgb: Uint8Array.from(sheet.rgb.subarray(place * bytes, (place + 1) * bytes)),
  })
  assert.equal(cases.length, 39 * pictures)
  assert.deepEqual(new Set(cases.map(({ operation }) => operation)), new Set(Object.keys(operations)))
  for (const [i, { operation, arguments: given, picture }] of cases.entries()) {
    const made = operations[operation]!(at(picture), given)
    assert.deepEqual([...made.rgb], [...at(pictures + i).rgb], `${operation}(${given}) of picture ${picture}`)
  }
})

test('no turn and no shift leave an image of any size as it is', () => {
  const side = fc.integer({ min: 1, max: 12 })
  fc.assert(
    fc.property(side, side, fc.constantFrom('bilinear', 'bicubic'), (width, height, filter) => {
      const image = noise(width * 20 + height, width, height)
      assert.deepEqual(transform(image, rotation(image, 360), filter, 128), image)
      assert.deepEqual(transform(image, [1, 0, 0, 0, 1, 0], filter, 128), image)
      const away = transform(image, [1, 0, width, 0, 1, 0], filter, 7)
      assert.ok(away.rgb.every(level => level === 7))
    }),
  )
})
