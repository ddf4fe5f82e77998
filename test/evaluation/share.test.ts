import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Part } from '../../src/evaluation/plan.js'
import { shareOf, turns } from '../../src/evaluation/share.js'

const part = (images: number, batch: number, kind: 'slim' | '144' | 'whole'): Part => ({
  images: Array.from({ length: images }, (_, i) => 7 * i),
  share: 1,
  preprocessing:
    kind === 'whole' ? { kind, width: 320, height: 299 } : { kind: 'views', crops: kind, size: 299, fraction: 0.875 },
  extent: { width: 299, height: 299 },
  batch,
})

const parts = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 }), fc.constantFrom('slim', '144', 'whole'))
    .map(([images, batch, kind]) => part(images, batch, kind)),
  { minLength: 1, maxLength: 8 },
)

test('replicas have all images of every part, each once and in order, cut where a batch begins', () => {
  const views = { slim: 1, '144': 144, whole: 2 }
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 7 }), (parts, size) => {
      const plan = { parts, unreadable: new Map() }
      const shares = Array.from({ length: size }, (_, rank) => shareOf(plan, { rank, size }).parts)
      for (const [number, { images, batch, preprocessing }] of parts.entries()) {
        const own = turns(number, size).map(rank => shares[rank]![number]!.images)
        assert.deepEqual(own.flat(), images)
        const each = views[preprocessing.kind === 'views' ? (preprocessing.crops as 'slim' | '144') : 'whole']
        let before = 0
        for (const piece of own) {
          if (piece.length > 0) assert.equal((before * each) % batch, 0)
          before += piece.length
        }
      }
      assert.ok(shares[0]![0]!.images.length > 0)
    }),
  )
})

test('many images are shared evenly, to a batch', () => {
  const plan = { parts: [part(50_000, 32, 'slim')], unreadable: new Map() }
  for (let rank = 0; rank < 20; rank++) {
    const { length } = shareOf(plan, { rank, size: 20 }).parts[0]!.images
    assert.ok(Math.abs(length - 2500) <= 32, `${length}`)
  }
})
