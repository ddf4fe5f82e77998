import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { endingOf, eventsOf, instabilityRunOf } from '../../src/study/run/outcome.js'
import type { LoggedEvent, TrainingEvent } from '../../src/training/events.js'
import { temporaryFolder } from '../training/tiny-run.js'

const logged = (...events: TrainingEvent[]): LoggedEvent[] => events.map((event, i) => ({ time: i, ...event }))
const step = (at: number, loss: number, gradientNorm = 1): TrainingEvent => ({
  type: 'step',
  step: at,
  epoch: 1,
  loss,
  learningRate: 1,
  gradientNorm,
  imagesPerSecond: 1,
  waitShare: 0,
  secondsLeft: 0,
})
const look = (at: number, zeroShare: number, magnitude = 2): TrainingEvent => ({
  type: 'watch',
  step: at,
  layer: 'last',
  zeroShare,
  magnitude,
  residualRatio: 0.5,
  blocks: [],
})
const checkpoint: TrainingEvent = { type: 'checkpoint', step: 4, file: 'step-4' }
const done: TrainingEvent = { type: 'done', step: 8, epoch: 1, seconds: 1, file: 'step-8' }
const died: TrainingEvent = { type: 'died', step: 1234, layer: 'last', file: 'step-1234' }
const diverged: TrainingEvent = { type: 'diverged', step: 3, message: 'step 3: the loss is NaN' }
const interrupted: TrainingEvent = { type: 'interrupted', step: 4, resumeCommand: 'again' }

test('a run has ended when it is done, has died or has diverged, and not when it was interrupted', () => {
  assert.deepEqual(endingOf(logged(checkpoint, done)), { outcome: 'trained', step: 8 })
  assert.deepEqual(endingOf(logged(checkpoint, died)), {
    outcome: 'died',
    step: 1234,
    note: 'died at step 1,234: last gave nothing but zeros',
  })
  assert.deepEqual(endingOf(logged(diverged)), { outcome: 'diverged', step: 3, note: 'step 3: the loss is NaN' })
  for (const events of [[], [checkpoint], [checkpoint, interrupted], [step(1, 2), look(1, 1)]])
    assert.equal(endingOf(logged(...events)), undefined)
})

test('a run that has not begun has no events', () => {
  assert.deepEqual(eventsOf(path.join(temporaryFolder(), 'nowhere')), [])
})

test('a trace has every look, with the loss told last, and null for what is no number', () => {
  const run = instabilityRunOf(
    7,
    logged(look(1, 0.25), step(2, 3, 4), look(2, 0.5), step(4, Number.NaN, Infinity), look(4, 1, Number.NaN), died),
  )
  assert.deepEqual(run, {
    seed: 7,
    outcome: 'died',
    step: 1234,
    note: 'died at step 1,234: last gave nothing but zeros',
    trace: [
      { step: 1, loss: null, zeroShare: 0.25, magnitude: 2, residualRatio: 0.5, gradientNorm: null },
      { step: 2, loss: 3, zeroShare: 0.5, magnitude: 2, residualRatio: 0.5, gradientNorm: 4 },
      { step: 4, loss: null, zeroShare: 1, magnitude: null, residualRatio: 0.5, gradientNorm: null },
    ],
  })
  assert.equal(instabilityRunOf(7, logged(step(1, 2), look(1, 0.5))), undefined)
})
