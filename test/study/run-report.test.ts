import assert from 'node:assert/strict'
import test from 'node:test'
import { renderRunReport } from '../../src/study/run/run-report.js'
import type { RunSettings } from '../../src/study/run/run-settings.js'
import type { LoggedEvent } from '../../src/training/events.js'
import { paperRecipe } from '../../src/training/recipe.js'
import { assertWellFormed } from './wellFormed.js'

const settings: RunSettings = {
  model: {
    network: 'inception-v4',
    classes: 10,
    size: 107,
    width: 0.25,
    blocks: { a: 2, b: 2, c: 1 },
    normScale: true,
  },
  recipe: { ...paperRecipe, precision: 'f32' },
  data: '/data/<shapes> & more',
  badImages: 'skip',
  backend: 'auto',
  evaluateEpochs: 1,
  watchSteps: 50,
  recompute: 'auto',
  passes: ['absorb-relu'],
}

const events: LoggedEvent[] = [
  {
    type: 'start',
    time: 0,
    network: 'inception-v4',
    classes: 10,
    parameters: 7,
    batch: 32,
    epochs: 2,
    steps: 8,
    images: 128,
    firstStep: 0,
    memoryBytes: 1,
  },
  {
    type: 'step',
    time: 1,
    step: 4,
    epoch: 1,
    loss: 2.25,
    learningRate: 0.045,
    gradientNorm: 1,
    imagesPerSecond: 64,
    waitShare: 0,
    secondsLeft: 2,
  },
  {
    type: 'evaluation',
    time: 2,
    epoch: 1,
    step: 4,
    set: 'validation',
    top1Error: 0.25,
    top5Error: 0.05,
    loss: 1,
    seconds: 1,
    images: 100,
    badImages: 1,
  },
  { type: 'warning', time: 2, message: 'bad image /data/a<b>.jpg: truncated' },
]

test('a run report tells the last error, every evaluation, every warning and every setting, escaped', () => {
  const html = renderRunReport(settings, events)
  assertWellFormed(html)
  for (const text of [
    'Inception-v4: 25.0 % top-1 error',
    'not ended',
    '>Left out</th>',
    'of the time waiting for images',
    '2.250',
    '5.0 %',
    'a&lt;b&gt;.jpg: truncated',
    '0.045',
  ])
    assert.ok(html.includes(text), text)
  assert.ok(html.includes('/data/&lt;shapes&gt; &amp; more'))
  assert.ok(!html.includes('<shapes>'))
})

test('a run report without any evaluation says so', () => {
  const html = renderRunReport(settings, events.slice(0, 2))
  assertWellFormed(html)
  assert.ok(html.includes('Inception-v4: not evaluated yet'))
  assert.ok(html.includes('No epoch was evaluated'))
})
