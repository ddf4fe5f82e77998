import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RandomStream } from '../../src/base/random.js'
import { decompressElements, decompressSnappy, readSnappyLength, snappySeams } from '../../src/formats/snappy.js'
import { snappyInFragments } from '../data/sources/parquet-writer.js'
import { compressSnappy } from './tensorflow-writer.js'

const fail = (reason: string): never => {
  throw new Error(reason)
}

/** Bytes with runs that come again, some of them from long before. */
const drawn = (seed: number, length: number): Buffer => {
  const random = new RandomStream(seed, 'snappy')
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const count = 1 + (random.uint32() % 300)
    if (at > 0 && random.uint32() % 2 === 0) {
      const from = random.uint32() % at
      bytes.copy(bytes, at, from, Math.min(at, from + count))
    } else for (let i = at; i < Math.min(length, at + count); i++) bytes[i] = random.uint32()
    at += count
  }
  return bytes
}

test('stretches between seams are decompressed by themselves', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 300_000 }), (seed, length) => {
      const bytes = drawn(seed, length)
      const packed = snappyInFragments(bytes)
      assert.deepEqual(Buffer.from(decompressSnappy(packed, length, fail)), bytes)
      const elements = packed.subarray(readSnappyLength(packed, fail).end)
      const seams = snappySeams(elements, length, fail)
      assert.equal(seams.length, Math.ceil(length / 65536) + 1)
      for (const [i, to] of seams.slice(1).entries()) {
        const from = seams[i]!
        const part = elements.subarray(from.packed, to.packed)
        const found = decompressElements(part, to.unpacked - from.unpacked, fail)
        assert.deepEqual(Buffer.from(found), bytes.subarray(from.unpacked, to.unpacked))
      }
    }),
    { numRuns: 15 },
  )
})

test('where something is copied from before a place, it is no seam', () => {
  // Two fragments' worth, of which the second begins with a copy of the first.
  const bytes = Buffer.alloc(2 * 65536, drawn(5, 1000))
  const packed = compressSnappy(bytes)
  const elements = packed.subarray(readSnappyLength(packed, fail).end)
  assert.deepEqual(snappySeams(elements, bytes.length, fail), [
    { packed: 0, unpacked: 0 },
    { packed: elements.length, unpacked: bytes.length },
  ])
})
