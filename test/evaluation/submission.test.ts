import assert from 'node:assert/strict'
import test from 'node:test'
import type { Predictions } from '../../src/evaluation/scores.js'
import { submissionOf } from '../../src/evaluation/submission.js'

const synsets = (...ids: number[]) => ({ file: 'synsets.txt', labels: [], ids })
const items = (...paths: string[]) => ({ items: paths.map(path => ({ path, label: 0 })) })
const predictions = (classes: number, ...rows: number[][]): Predictions => ({
  classes,
  labels: new Int32Array(rows.length),
  probabilities: Float32Array.from(rows.flat()),
})

test('a line holds the five best IDs, the best first', () => {
  const text = submissionOf(
    predictions(6, [0.1, 0.3, 0.05, 0.25, 0.2, 0.1]),
    items('val/1.jpg'),
    synsets(60, 10, 30, 50, 40, 20),
  )
  assert.equal(text, '10 50 40 60 20\n')
})

test('with fewer classes it holds all', () => {
  assert.equal(submissionOf(predictions(2, [0.25, 0.75]), items('1.jpg'), synsets(1, 2)), '2 1\n')
})

test('lines are in the order of file names, whatever the folders', () => {
  const rows = predictions(2, [1, 0], [0, 1], [1, 0])
  const images = items('val/a/3.jpg', 'val/b/1.jpg', 'val/c/2.jpg')
  assert.equal(submissionOf(rows, images, synsets(7, 9)), '9 7\n7 9\n7 9\n')
})

test('an image that could not be read has its line too', () => {
  const rows = { ...predictions(2, [0.25, 0.75], [0, 0]), labels: Int32Array.of(0, -1) }
  assert.equal(submissionOf(rows, items('1.jpg', '2.jpg'), synsets(7, 9)), '9 7\n7 9\n')
})
