import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { classScores, worstClasses } from '../../src/evaluation/class-scores.js'
import { confusionMatrix, confusions } from '../../src/evaluation/confusion.js'
import { mistakesOf } from '../../src/evaluation/mistakes.js'
import { bestClasses, onlyImages, type Predictions, rankOf, scoresOf } from '../../src/evaluation/scores.js'

const classes = ['cat', 'dog', 'emu']

/** Images a, b, … with their labels and probabilities. */
const predictions: Predictions = {
  classes: 3,
  labels: Int32Array.of(0, 0, 0, 1, 1, -1),
  probabilities: Float32Array.from(
    [
      [0.5, 0.25, 0.25],
      [0.25, 0.75, 0],
      [0, 1, 0],
      [0.5, 0.125, 0.375],
      [0.25, 0.5, 0.25],
      [0, 0, 0],
    ].flat(),
  ),
}
const images = {
  root: 'val',
  classes,
  items: [...'abcdef'].map((path, i) => ({ path, label: [0, 0, 0, 1, 1, 1][i]! })),
}

const drawn = fc.integer({ min: 2, max: 8 }).chain(count =>
  fc
    .array(
      fc.tuple(fc.integer({ min: -1, max: count - 1 }), fc.array(fc.nat(4), { minLength: count, maxLength: count })),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    .map(
      (rows): Predictions => ({
        classes: count,
        labels: Int32Array.from(rows, ([label]) => label),
        probabilities: Float32Array.from(rows.flatMap(([, row]) => row.map(p => p / 8))),
      }),
    ),
)
const namesOf = ({ classes: count }: Predictions) => Array.from({ length: count }, (_, i) => `class ${i}`)

test('each class has its errors, and none where it has no images', () => {
  assert.deepEqual(classScores(predictions, classes), [
    { name: 'cat', images: 3, top1Error: 2 / 3, top5Error: 0 },
    { name: 'dog', images: 2, top1Error: 1 / 2, top5Error: 0 },
    { name: 'emu', images: 0, top1Error: null, top5Error: null },
  ])
})

test('the worst classes come first, those without errors or images not at all', () => {
  const score = (name: string, top1Error: number | null, top5Error: number | null) => ({
    name,
    images: 10,
    top1Error,
    top5Error,
  })
  const scores = [
    score('a', 0, 0),
    score('b', 0.5, 0.1),
    score('c', null, null),
    score('d', 0.5, 0.2),
    score('e', 1, 0),
  ]
  assert.deepEqual(
    worstClasses(scores).map(({ name }) => name),
    ['e', 'd', 'b'],
  )
})

test('confusions are the images off the diagonal, the most frequent first', () => {
  const matrix = confusionMatrix(predictions)
  assert.deepEqual([...matrix], [1, 2, 0, 1, 1, 0, 0, 0, 0])
  assert.deepEqual(confusions(matrix, classes), [
    { label: 'cat', predicted: 'dog', count: 2 },
    { label: 'dog', predicted: 'cat', count: 1 },
  ])
})

test('mistakes are named, the most confident first', () => {
  assert.deepEqual(mistakesOf(predictions, images), [
    { path: 'c', label: 'cat', predicted: 'dog', probability: 1 },
    { path: 'b', label: 'cat', predicted: 'dog', probability: 0.75 },
    { path: 'd', label: 'dog', predicted: 'cat', probability: 0.5 },
  ])
})

test('classes, confusions and mistakes add up to the scores', () => {
  fc.assert(
    fc.property(drawn, drawnPredictions => {
      const names = namesOf(drawnPredictions)
      const items = [...drawnPredictions.labels].map((label, i) => ({ path: `${i}`, label }))
      const { top1Error, top5Error, images: scored } = scoresOf(drawnPredictions)
      const byClass = classScores(drawnPredictions, names)
      const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
      const wrong = Math.round(top1Error * scored)
      assert.equal(sum(byClass.map(c => c.images)), scored)
      assert.equal(Math.round(sum(byClass.map(c => (c.top1Error ?? 0) * c.images))), wrong)
      assert.equal(Math.round(sum(byClass.map(c => (c.top5Error ?? 0) * c.images))), Math.round(top5Error * scored))
      assert.equal(sum(confusions(confusionMatrix(drawnPredictions), names).map(c => c.count)), wrong)
      assert.equal(mistakesOf(drawnPredictions, { root: '', classes: names, items }).length, wrong)
    }),
  )
})

test('the best classes are in the order of their ranks', () => {
  const row = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 9 }).map(r => Float32Array.from(r))
  fc.assert(
    fc.property(row, fc.integer({ min: 1, max: 10 }), (probabilities, count) => {
      const best = bestClasses(probabilities, count)
      assert.equal(best.length, Math.min(count, probabilities.length))
      for (const [place, label] of best.entries()) assert.equal(rankOf(label, probabilities), place)
    }),
  )
})

test('scores on part of the images are those of that part alone', () => {
  fc.assert(
    fc.property(drawn, fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 12, maxLength: 12 }), (all, mask) => {
      const kept = [...all.labels.keys()].filter(i => mask[i] === 1)
      const alone: Predictions = {
        classes: all.classes,
        labels: Int32Array.from(kept, i => all.labels[i]!),
        probabilities: Float32Array.from(
          kept.flatMap(i => [...all.probabilities.subarray(i * all.classes, (i + 1) * all.classes)]),
        ),
      }
      const { wrong: _, ...expected } = scoresOf(alone)
      const { wrong: __, ...found } = scoresOf(onlyImages(all, Uint8Array.from(mask)))
      assert.deepEqual(found, expected)
    }),
  )
})
