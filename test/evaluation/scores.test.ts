import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { averagePredictions, type Predictions, scoresOf, softmaxInto } from '../../src/evaluation/scores.js'

const predictions = (classes: number, labels: number[], ...rows: number[][]): Predictions => ({
  classes,
  labels: Int32Array.from(labels),
  probabilities: Float32Array.from(rows.flat()),
})

test('top-1 and top-5 count the images whose class is not among the most probable', () => {
  const row = [0.3, 0.2, 0.15, 0.14, 0.11, 0.06, 0.04]
  const scores = scoresOf(predictions(7, [0, 1, 4, 5, 6], row, row, row, row, row))
  assert.deepEqual([...scores.wrong], [0, 1, 1, 1, 1])
  assert.equal(scores.images, 5)
  assert.equal(scores.top1Error, 4 / 5)
  assert.equal(scores.top5Error, 2 / 5)
  const expected = -[0.3, 0.2, 0.11, 0.06, 0.04].reduce((sum, p) => sum + Math.log(p), 0) / 5
  assert.ok(Math.abs(scores.loss - expected) < 1e-6)
})

test('with fewer than five classes nothing is wrong among the first five', () => {
  const scores = scoresOf(predictions(3, [2, 1], [0.8, 0.15, 0.05], [0.8, 0.15, 0.05]))
  assert.deepEqual([scores.top1Error, scores.top5Error], [1, 0])
})

test('of equally probable classes the one listed first counts as the answer', () => {
  const even = [0.25, 0.25, 0.25, 0.25]
  assert.deepEqual([...scoresOf(predictions(4, [0, 1, 2, 3], even, even, even, even)).wrong], [0, 1, 1, 1])
  const six = Array<number>(6).fill(1 / 6)
  assert.equal(scoresOf(predictions(6, [4, 5], six, six)).top5Error, 1 / 2)
})

test('images that could not be read are in no figure', () => {
  const scores = scoresOf(predictions(2, [-1, 0, -1, 1], [0, 0], [0.9, 0.1], [0, 0], [0.9, 0.1]))
  assert.deepEqual([scores.images, scores.top1Error], [2, 1 / 2])
  assert.deepEqual([...scores.wrong], [0, 0, 0, 1])
  const none = scoresOf(predictions(2, [-1], [0, 0]))
  assert.deepEqual([none.images, none.top1Error, none.top5Error, none.loss], [0, 0, 0, 0])
})

test('a probability that is no number is never right', () => {
  const scores = scoresOf(predictions(2, [0, 1], [Number.NaN, Number.NaN], [Number.NaN, Number.NaN]))
  assert.equal(scores.top1Error, 1)
  assert.ok(Number.isNaN(scores.loss))
})

test('a class of probability zero costs much, and not infinitely', () => {
  assert.ok(Math.abs(scoresOf(predictions(2, [1], [1, 0])).loss - 30 * Math.log(10)) < 1e-6)
})

test('an ensemble averages probabilities image by image', () => {
  const a = predictions(2, [0, 1], [0.75, 0.25], [0.5, 0.5])
  const b = predictions(2, [0, 1], [0.25, 0.75], [0, 1])
  assert.deepEqual(averagePredictions([a, b]), predictions(2, [0, 1], [0.5, 0.5], [0.25, 0.75]))
  assert.deepEqual(averagePredictions([a]), a)
  assert.deepEqual([...averagePredictions([a, a, b, b]).probabilities], [0.5, 0.5, 0.25, 0.75])
})

test('an image that one member could not read is out for the ensemble', () => {
  const a = predictions(2, [0, -1, 1], [0.75, 0.25], [0, 0], [0.5, 0.5])
  const b = predictions(2, [-1, 1, 1], [0, 0], [0, 1], [0.25, 0.75])
  const ensemble = averagePredictions([a, b])
  assert.deepEqual([...ensemble.labels], [-1, -1, 1])
  assert.equal(scoresOf(ensemble).images, 1)
})

test('members of different sets make no ensemble', () => {
  const a = predictions(2, [0], [0.75, 0.25])
  assert.throws(() => averagePredictions([a, predictions(2, [0, 1], [1, 0], [0, 1])]), /different sets/)
  assert.throws(() => averagePredictions([a, predictions(3, [0], [1, 0, 0])]), /different sets/)
  assert.throws(() => averagePredictions([]), /needs a member/)
})

test('softmax gives probabilities in the order of the logits, whatever their size', () => {
  const logit = fc.float({ min: -1000, max: 1000, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(logit, logit, logit), { minLength: 1, maxLength: 5 }), rows => {
      const probabilities = new Float32Array(3 * (rows.length + 1)).fill(7)
      softmaxInto(Float32Array.from(rows.flat()), rows.length, 3, probabilities, 1)
      assert.deepEqual([...probabilities.subarray(0, 3)], [7, 7, 7], 'rows before are left alone')
      for (const [i, row] of rows.entries()) {
        const p = [...probabilities.subarray(3 * (i + 1), 3 * (i + 2))]
        assert.ok(Math.abs(p[0]! + p[1]! + p[2]! - 1) < 1e-5)
        for (let j = 0; j < 3; j++) for (let k = 0; k < 3; k++) if (row[j]! >= row[k]!) assert.ok(p[j]! >= p[k]!)
      }
    }),
  )
})
