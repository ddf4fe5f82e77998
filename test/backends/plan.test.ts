import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { type Lifetime, planArena } from '../../src/backends/plan.js'

const alignments = fc.constantFrom(1, 64, 4096)
const lifetimes = fc.array(
  fc
    .record({
      bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10_000 })),
      begin: fc.nat(30),
      length: fc.nat(12),
    })
    .map(({ bytes, begin, length }): Lifetime => ({ bytes, begin, end: begin + length })),
  { maxLength: 40 },
)

const aligned = (bytes: number, alignment: number) => Math.ceil(bytes / alignment) * alignment

/** The most bytes that matter at one time: no plan can be smaller. */
function leastBytes(lives: readonly Lifetime[], alignment: number): number {
  const last = Math.max(0, ...lives.map(life => life.end))
  const liveAt = (step: number) =>
    lives.reduce(
      (sum, { bytes, begin, end }) => sum + (begin <= step && step <= end ? aligned(bytes, alignment) : 0),
      0,
    )
  return Math.max(...Array.from({ length: last + 1 }, (_, step) => liveAt(step)))
}

test('no two buffers that live at the same time share a byte', () => {
  fc.assert(
    fc.property(lifetimes, alignments, (lives, alignment) => {
      const { offsets, bytes } = planArena(lives, alignment)
      assert.equal(offsets.length, lives.length)
      for (const [i, a] of lives.entries()) {
        assert.ok(offsets[i]! >= 0 && offsets[i]! + a.bytes <= bytes, 'inside the arena')
        assert.equal(offsets[i]! % alignment, 0)
        for (const [j, b] of lives.entries()) {
          if (j <= i || a.end < b.begin || b.end < a.begin || a.bytes === 0 || b.bytes === 0) continue
          const apart = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!
          assert.ok(apart, `buffers ${i} and ${j}`)
        }
      }
    }),
  )
})

test('the arena lies between the most that lives at one time and all of it', () => {
  fc.assert(
    fc.property(lifetimes, alignments, (lives, alignment) => {
      const { bytes } = planArena(lives, alignment)
      assert.ok(bytes >= leastBytes(lives, alignment))
      assert.ok(bytes <= lives.reduce((sum, life) => sum + aligned(life.bytes, alignment), 0))
    }),
  )
})

test('buffers that follow each other share their place', () => {
  const { offsets, bytes } = planArena([
    { bytes: 1000, begin: 0, end: 1 },
    { bytes: 900, begin: 2, end: 3 },
    { bytes: 800, begin: 4, end: 4 },
  ])
  assert.deepEqual(offsets, [0, 0, 0])
  assert.equal(bytes, 1024)
})

test('a buffer read in the step that writes another does not share its place', () => {
  const { offsets, bytes } = planArena([
    { bytes: 128, begin: 0, end: 2 },
    { bytes: 64, begin: 2, end: 3 },
  ])
  assert.deepEqual(offsets, [0, 128])
  assert.equal(bytes, 192)
})

test('a small buffer takes the tightest gap that fits', () => {
  // From largest to smallest: 0 … 640, 640 … 1152 (freed at 3), 1152 … 1536, then gaps of 640 (from 5) and 512.
  const { offsets } = planArena([
    { bytes: 640, begin: 0, end: 4 },
    { bytes: 512, begin: 0, end: 2 },
    { bytes: 384, begin: 0, end: 9 },
    { bytes: 64, begin: 5, end: 9 },
    { bytes: 320, begin: 3, end: 9 },
  ])
  assert.deepEqual(offsets, [0, 640, 1152, 960, 640])
})

test('nothing takes no room, and empty buffers take none either', () => {
  assert.deepEqual(planArena([]), { offsets: [], bytes: 0 })
  const { offsets, bytes } = planArena([
    { bytes: 0, begin: 0, end: 5 },
    { bytes: 64, begin: 0, end: 5 },
    { bytes: 0, begin: 1, end: 2 },
  ])
  assert.equal(bytes, 64)
  assert.ok(offsets.every(offset => offset % 64 === 0 && offset <= 64))
})
