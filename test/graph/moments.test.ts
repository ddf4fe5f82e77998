import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createReference } from '../../src/backends/reference/reference.js'
import { Graph, ShapeError } from '../../src/graph/op.js'
import { channelMoments, combineMoments } from '../../src/graph/ops/channelMoments.js'
import { replicaRow } from '../../src/graph/ops/replicaRow.js'
import { input } from '../../src/graph/ops/source.js'
import { sum } from '../../src/graph/ops/sum.js'

/** Mean and variance over replicas, as they make it: each its moments in a row of its own, their sum, combined. */
function together(parts: readonly (readonly number[])[], images: number, channels: number): number[][] {
  const graph = new Graph()
  const plane = parts[0]!.length / images / channels
  const rows = parts.map((_, index) => {
    const src = input(graph, {
      name: `part ${index}`,
      dtype: 'f32',
      shape: [images, channels, 1, plane],
      feed: 'plain',
    })
    const own = combineMoments.emit({ moments: channelMoments.emit({ src }, { groups: images }).dst }, {})
    return replicaRow.emit({ src: [own.mean, own.variance] }, { index, of: parts.length }).dst
  })
  const { mean, variance } = combineMoments.emit({ moments: sum(rows) }, {})
  const backend = createReference()
  const program = backend.compile(graph, { outputs: [mean, variance], store: backend.createStore() })
  for (const [index, part] of parts.entries()) program.input(`part ${index}`).set(part)
  program.run()
  return [[...program.read(mean)], [...program.read(variance)]]
}

test('moments of parts, gathered and combined, are those of the whole', () => {
  const shape = fc.record({
    replicas: fc.integer({ min: 1, max: 5 }),
    images: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 4 }),
    plane: fc.integer({ min: 1, max: 6 }),
    centre: fc.integer({ min: -1000, max: 1000 }),
  })
  const sized = shape.chain(({ replicas, images, channels, plane, centre }) =>
    fc
      .array(fc.integer({ min: -64, max: 64 }), {
        minLength: replicas * images * channels * plane,
        maxLength: replicas * images * channels * plane,
      })
      .map(numbers => ({ replicas, images, channels, plane, numbers: numbers.map(x => centre + x / 16) })),
  )
  fc.assert(
    fc.property(sized, ({ replicas, images, channels, plane, numbers }) => {
      const each = numbers.length / replicas
      const parts = Array.from({ length: replicas }, (_, r) => numbers.slice(r * each, (r + 1) * each))
      const [means, variances] = together(parts, images, channels)
      for (let c = 0; c < channels; c++) {
        const own = numbers.filter((_, i) => Math.floor(i / plane) % channels === c)
        const mean = own.reduce((total, x) => total + x / own.length, 0)
        const variance = own.reduce((total, x) => total + (x - mean) ** 2 / own.length, 0)
        assert.ok(Math.abs(means![c]! - mean) <= 1e-6 * (1 + Math.abs(mean)), `mean ${means![c]}, not ${mean}`)
        // A variance that is as small as what rounding the means leaves of it may be lost in it, and no larger one.
        const rounding = (1e-6 * (1 + Math.abs(mean))) ** 2
        assert.ok(
          Math.abs(variances![c]! - variance) <= 1e-6 * variance + 4 * Math.sqrt(variance * rounding) + rounding,
          `variance ${variances![c]}, not ${variance}`,
        )
      }
    }),
  )
})

test('a batch that makes no equal groups, and rows of no vectors, are refused', () => {
  const graph = new Graph()
  const src = input(graph, { name: 'x', dtype: 'f32', shape: [3, 2, 1, 1], feed: 'plain' })
  assert.throws(() => channelMoments.emit({ src }, { groups: 2 }), ShapeError)
  assert.throws(() => replicaRow.emit({ src: [src] }, { index: 0, of: 2 }), ShapeError)
})
