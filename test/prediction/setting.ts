import assert from 'node:assert/strict'
import { openBackend } from '../../src/backends/open.js'
import { Classifier, type ClassifierOptions, type Outcome } from '../../src/prediction/classifier.js'
import type { ImageInput } from '../../src/prediction/image-input.js'
import type { Prediction } from '../../src/prediction/view-means.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'

process.env.OMP_NUM_THREADS = '1'

export const openClassifier = (file: string, options: Partial<ClassifierOptions> = {}): Classifier => {
  using checkpoint = readCheckpoint(file)
  const backend = openBackend('auto', () => {})
  return new Classifier(checkpoint, { backend, precision: 'f32', tune: false, ...options })
}

export async function collect(outcomes: AsyncIterable<Outcome>): Promise<Outcome[]> {
  const all: Outcome[] = []
  for await (const outcome of outcomes) all.push(outcome)
  assert.deepEqual(
    all.map(({ index }) => index),
    all.map((_, i) => i + (all[0]?.index ?? 0)),
    'images come in the order they were given',
  )
  return all
}

export async function predictOne(classifier: Classifier, input: ImageInput): Promise<Prediction> {
  const [outcome] = await collect(classifier.predict([input]))
  assert.ok(outcome && 'prediction' in outcome)
  return outcome.prediction
}
