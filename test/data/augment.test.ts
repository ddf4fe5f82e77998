import assert from 'node:assert/strict'
import test from 'node:test'
import { RandomStream } from '../../src/base/random.js'
import { type Augmentation, plainAugmentation, requireAugmentation } from '../../src/data/augmentation.js'
import { distortColour } from '../../src/data/colour.js'
import { distortedCrop } from '../../src/data/crop.js'
import type { RgbImage } from '../../src/data/decode.js'
import { toNetworkRange } from '../../src/data/network-range.js'
import type { TrainPreprocessing } from '../../src/data/preprocessing.js'
import { resample } from '../../src/data/resample.js'
import { resizeBilinear } from '../../src/data/resize.js'
import { noise } from './picture.js'
import { writeWhole } from './sample.js'

const sampleOf = (image: RgbImage, preprocessing: TrainPreprocessing, seed: number) => {
  const out = new Float32Array(preprocessing.size ** 2 * 3)
  writeWhole(image, preprocessing, new RandomStream(seed), out)
  return out
}

const timm: Augmentation = { ...plainAugmentation, style: 'timm', resize: 'random' }

test('training stays in [−1, 1], is decided by its stream and mirrors half of the time', () => {
  const image = noise(2, 20, 20)
  const train = { kind: 'train', size: 9, colour: 'full' } as const
  const sample = (seed: number) => {
    const out = new Float32Array(9 * 9 * 3)
    writeWhole(image, train, new RandomStream(seed), out)
    return out
  }
  for (let seed = 0; seed < 100; seed++) {
    const out = sample(seed)
    assert.ok(out.every(value => value >= -1 && value <= 1))
    assert.deepEqual(out, sample(seed))
  }
  assert.notDeepEqual(sample(1), sample(2))

  // Left half black, right half white: which side is bright tells a mirrored sample.
  const half = { width: 40, height: 40, rgb: Uint8Array.from({ length: 4800 }, (_, i) => (i % 120 < 60 ? 0 : 255)) }
  for (const augmentation of [plainAugmentation, timm]) {
    let mirrored = 0
    let told = 0
    for (let seed = 0; seed < 2000; seed++) {
      const out = sampleOf(half, { ...train, colour: 'none', augmentation }, seed)
      const [left, right] = [out[0]!, out[8 * 3]!]
      if (left === right) continue
      told++
      if (left > right) mirrored++
    }
    assert.ok(told > 1000 && Math.abs(mirrored / told - 0.5) < 0.05)
  }
})

test('only the slice given is written', () => {
  const out = new Float32Array(2 * 4 * 4 * 3).fill(7)
  const train = { kind: 'train', size: 4, colour: 'fast' } as const
  writeWhole(noise(3, 9, 9), train, new RandomStream(1), out.subarray(48))
  assert.ok(out.subarray(0, 48).every(value => value === 7))
  assert.ok(out.subarray(48).every(value => value !== 7))
})

test("without an augmentation it is Slim's crop, bilinear resizing, flip and colours, and nothing more is drawn", () => {
  const image = noise(8, 45, 31)
  for (const colour of ['fast', 'full', 'none'] as const)
    for (let seed = 0; seed < 20; seed++) {
      const random = new RandomStream(seed)
      const expected = new Float32Array(13 * 13 * 3)
      const crop = distortedCrop(45, 31, random)
      resizeBilinear(image, crop, 13, expected, random.uniform() < 0.5)
      distortColour(expected, colour, random)
      toNetworkRange(expected)
      for (const augmentation of [{}, { augmentation: plainAugmentation }]) {
        const made = sampleOf(image, { kind: 'train', size: 13, colour, ...augmentation }, seed)
        assert.ok(made.every((value, i) => Math.abs(value - expected[i]!) < 1e-5))
      }
    }
})

test("timm's style is a crop resized by either of Pillow's filters and perhaps flipped, in 8 bits", () => {
  // An image so small that all of its crops can be listed.
  const image = noise(5, 2, 3)
  const plain = { kind: 'train', size: 6, colour: 'none', augmentation: timm } as const
  const level = (value: number) => Math.round((value / 2 + 0.5) * 255)
  const made = new Map<string, number>()
  const draws = 4000
  for (let seed = 0; seed < draws; seed++) {
    const key = [...sampleOf(image, plain, seed)].map(level).join()
    made.set(key, (made.get(key) ?? 0) + 1)
  }
  const possible = new Set<string>()
  for (let width = 1; width <= 2; width++)
    for (let height = 1; height <= 3; height++)
      for (let x = 0; x + width <= 2; x++)
        for (let y = 0; y + height <= 3; y++)
          for (const filter of ['bilinear', 'bicubic'] as const)
            for (const mirrored of [false, true]) {
              const rows = Array.from({ length: height }, (_, j) => [
                ...image.rgb.subarray(((y + j) * 2 + x) * 3, ((y + j) * 2 + x + width) * 3),
              ])
              const { rgb } = resample({ width, height, rgb: Uint8Array.from(rows.flat()) }, 6, 6, filter)
              const at = (i: number, j: number) => rgb.subarray((j * 6 + (mirrored ? 5 - i : i)) * 3).subarray(0, 3)
              possible.add(Array.from({ length: 36 }, (_, k) => [...at(k % 6, Math.floor(k / 6))]).join())
            }
  for (const key of made.keys()) assert.ok(possible.has(key), 'it is a crop, resized and perhaps flipped')
  assert.ok(made.size > possible.size / 2, `${made.size} of ${possible.size}`)
})

test("timm's jitter changes colours by its amount, and a filter that is chosen is not drawn", () => {
  const grey = { width: 8, height: 8, rgb: new Uint8Array(192).fill(100) }
  const jittered = { kind: 'train', size: 4, colour: 'none', augmentation: { ...timm, jitter: 0.4 } } as const
  const levels = Array.from({ length: 2000 }, (_, seed) => (sampleOf(grey, jittered, seed)[0]! / 2 + 0.5) * 255)
  // Of one grey only the brightness changes: by a factor uniform in [0.6, 1.4], cut off to whole levels.
  assert.ok(Math.min(...levels) >= 58.9 && Math.max(...levels) <= 140.1)
  assert.ok(Math.min(...levels) < 62 && Math.max(...levels) > 138)
  const mean = levels.reduce((sum, value) => sum + value, 0) / levels.length
  assert.ok(Math.abs(mean - 99.5) < 2.2, `${mean}`)

  const filters = (resize: 'random' | 'bilinear' | 'bicubic') => {
    const augmentation = { ...timm, resize }
    return new Set(
      Array.from({ length: 300 }, (_, seed) =>
        sampleOf(noise(6, 3, 3), { kind: 'train', size: 7, colour: 'none', augmentation }, seed).join(),
      ),
    )
  }
  const [random, bilinear, bicubic] = [filters('random'), filters('bilinear'), filters('bicubic')]
  assert.ok([...random].every(made => bilinear.has(made) || bicubic.has(made)))
  assert.ok(bilinear.size < random.size && bicubic.size < random.size)
})

test('everything at once is decided by its stream, in either style, and leaves [−1, 1] only where noise was put', () => {
  const image = noise(2, 30, 24)
  const all = { randAugment: 'rand-m9-mstd0.5', erase: 0.5, mixup: 0.2, cutmix: 1 }
  for (const preprocessing of [
    { colour: 'full', augmentation: { ...plainAugmentation, ...all, resize: 'random' } },
    { colour: 'none', augmentation: { ...timm, ...all, jitter: 0.4 } },
  ] as const) {
    const erasing = { kind: 'train', size: 12, ...preprocessing } as const
    const whole = { ...erasing, augmentation: { ...preprocessing.augmentation, erase: 0 } }
    let erased = 0
    for (let seed = 0; seed < 200; seed++) {
      const out = sampleOf(image, erasing, seed)
      assert.deepEqual(out, sampleOf(image, erasing, seed))
      const before = sampleOf(image, whole, seed)
      assert.ok(before.every(value => value >= -1 && value <= 1))
      if (out.some((value, i) => value !== before[i])) erased++
    }
    assert.ok(Math.abs(erased / 200 - 0.5) < 0.15, `${erased}`)
  }
})

test('what contradicts itself or cannot be is refused', () => {
  const refused = (changed: object, colour: 'fast' | 'none', why: RegExp) =>
    assert.throws(() => requireAugmentation({ ...timm, ...changed }, colour), { exitCode: 2, message: why })
  refused({}, 'fast', /'fast' colours are Slim's/)
  refused({ resize: 'area' }, 'none', /timm does not resize by 'area': choose random, bilinear, bicubic/)
  refused({ ...plainAugmentation, jitter: 0.1 }, 'fast', /the jitter of colours is timm's/)
  refused({ jitter: 1.1 }, 'none', /the jitter must lie in \[0, 1\], not 1.1/)
  refused({ erase: Number.NaN }, 'none', /must lie in \[0, 1\], not NaN/)
  refused({ mixup: 1e-9 }, 'none', /the α of mixup must be 0, for none, or lie in \[0.001, 1000\]/)
  refused({ cutmix: Number.POSITIVE_INFINITY }, 'none', /the α of cutmix/)
  refused({ style: 'constructor' }, 'none', /there is no augmentation 'constructor'/)
  refused({ randAugment: 'rand-x' }, 'none', /none of m, mstd/)
  requireAugmentation(plainAugmentation, 'full')
  requireAugmentation(timm, 'none')
})
