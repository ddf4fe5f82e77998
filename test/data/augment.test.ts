import assert from 'node:assert/strict'
import test from 'node:test'
import { RandomStream } from '../../src/base/random.js'
import { writeSample } from '../../src/data/augment.js'
import { noise } from './picture.js'

test('training stays in [−1, 1], is decided by its stream and mirrors half of the time', () => {
  const image = noise(2, 20, 20)
  const train = { kind: 'train', size: 9, colour: 'full' } as const
  const sample = (seed: number) => {
    const out = new Float32Array(9 * 9 * 3)
    writeSample(image, train, new RandomStream(seed), out)
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
  let mirrored = 0
  let told = 0
  for (let seed = 0; seed < 2000; seed++) {
    const out = new Float32Array(9 * 9 * 3)
    writeSample(half, { ...train, colour: 'none' }, new RandomStream(seed), out)
    const [left, right] = [out[0]!, out[8 * 3]!]
    if (left === right) continue
    told++
    if (left > right) mirrored++
  }
  assert.ok(told > 1000 && Math.abs(mirrored / told - 0.5) < 0.05)
})

test('only the slice given is written', () => {
  const out = new Float32Array(2 * 4 * 4 * 3).fill(7)
  const train = { kind: 'train', size: 4, colour: 'fast' } as const
  writeSample(noise(3, 9, 9), train, new RandomStream(1), out.subarray(48))
  assert.ok(out.subarray(0, 48).every(value => value === 7))
  assert.ok(out.subarray(48).every(value => value !== 7))
})
