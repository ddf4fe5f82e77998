import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Batch } from '../../src/data/batch-run.js'
import { type ImagePrediction, ViewAverager } from '../../src/evaluation/view-averager.js'

const classes = 3

/** A network whose logits say which view it was given and at which place of the batch; counts what it computes. */
class FakeNetwork {
  readonly batch: number
  readonly classes = classes
  runs = 0
  readonly #input: Float32Array

  constructor(batch: number) {
    this.batch = batch
    this.#input = new Float32Array(batch * 2)
  }

  feed(view: Float32Array, row: number) {
    assert.ok(row < this.batch)
    this.#input.set(view, row * 2)
  }

  run() {
    this.runs++
    return Float32Array.from({ length: this.batch * classes }, (_, i) => {
      const row = Math.floor(i / classes)
      return Math.sin(this.#input[2 * row]! * 7 + this.#input[2 * row + 1]! + (i % classes)) + row / 1e6
    })
  }
}

interface Image {
  /** How often each of its distinct views occurs; 0 stands for a repetition. */
  readonly counts: readonly number[]
  readonly bad: boolean
}

/** What the loader makes of images from `first` on, in batches of `size`. */
function* batches(images: readonly Image[], views: number, size: number, first = 0): Generator<Batch> {
  const samples = images.flatMap(({ counts, bad }, index) =>
    index < first
      ? []
      : counts.map((count, view) => ({ index, view, weight: bad ? 0 : count / views, label: bad ? -1 : 1 })),
  )
  for (let at = 0; at < samples.length; at += size) {
    const part = samples.slice(at, at + size)
    const column = (of: (sample: (typeof part)[number]) => number, empty: number) =>
      Array.from({ length: size }, (_, i) => (part[i] ? of(part[i]) : empty))
    yield {
      // The pixels of a view are the image's number and its own.
      images: Float32Array.from(
        [...column(({ index }) => index, 0).entries()].flatMap(([i, index]) => [index, part[i]?.view ?? 0]),
      ),
      labels: Int32Array.from(column(({ label }) => label, -1)),
      indices: Uint32Array.from(column(({ index }) => index, 0)),
      weights: Float32Array.from(column(({ weight }) => weight, 0)),
      count: part.length,
    }
  }
}

function average(network: FakeNetwork, views: number, from: Iterable<Batch>, before = 0): ImagePrediction[] {
  const averager = new ViewAverager(network, views, before)
  const found: ImagePrediction[] = []
  for (const batch of from) found.push(...averager.take(batch))
  found.push(...averager.end())
  assert.equal(
    averager.computed,
    found.reduce((sum, one) => sum + one.views, 0),
  )
  return found
}

const cases = fc.integer({ min: 1, max: 6 }).chain(views =>
  fc.record({
    views: fc.constant(views),
    images: fc.array(
      fc.record({
        bad: fc.boolean(),
        counts: fc.array(fc.nat(1), { minLength: views, maxLength: views }).map(repeats => {
          // Each repetition counts for the view before it; the first is never one.
          const counts = repeats.map((repeat, i) => (i > 0 && repeat ? 0 : 1))
          for (const [i, count] of counts.entries())
            if (count === 0) counts[counts.findLastIndex((c, j) => j < i && c > 0)]!++
          return counts
        }),
      }),
      { minLength: 1, maxLength: 9 },
    ),
    loaderBatch: fc.integer({ min: 1, max: 7 }),
    batch: fc.integer({ min: 1, max: 7 }),
  }),
)

test('each image gets the weighted mean over its distinct views, in order, in as few batches as can be', () => {
  fc.assert(
    fc.property(cases, ({ views, images, loaderBatch, batch }) => {
      const network = new FakeNetwork(batch)
      const found = average(network, views, batches(images, views, loaderBatch))
      assert.deepEqual(
        found.map(({ index, views }) => [index, views]),
        images.map(({ counts, bad }, i) => [i, bad ? 0 : counts.filter(count => count > 0).length]),
      )
      const computed = found.reduce((sum, one) => sum + one.views, 0)
      assert.equal(network.runs, Math.ceil(computed / batch))
      let place = 0
      for (const { index, probabilities } of found) {
        const { counts, bad } = images[index]!
        const expected = new Float64Array(classes)
        for (const [view, count] of counts.entries()) {
          if (bad || count === 0) continue
          const logits = [0, 1, 2].map(k => Math.sin(index * 7 + view + k) + (place % batch) / 1e6)
          place++
          const total = logits.reduce((sum, z) => sum + Math.exp(z), 0)
          for (const k of [0, 1, 2]) expected[k]! += ((count / views) * Math.exp(logits[k]!)) / total
        }
        for (const k of [0, 1, 2]) assert.ok(Math.abs(probabilities[k]! - expected[k]!) < 1e-6)
      }
    }),
  )
})

test('who goes on at an image gives its views the places that they would have had', () => {
  fc.assert(
    fc.property(cases, fc.nat(8), ({ views, images, loaderBatch, batch }, first) => {
      fc.pre(first <= images.length)
      const whole = average(new FakeNetwork(batch), views, batches(images, views, loaderBatch))
      const before = whole.slice(0, first).reduce((sum, one) => sum + one.views, 0)
      const rest = average(new FakeNetwork(batch), views, batches(images, views, loaderBatch, first), before)
      assert.deepEqual(rest, whole.slice(first))
    }),
  )
})
