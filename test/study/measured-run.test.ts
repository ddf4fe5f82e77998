import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { courseOf } from '../../src/study/run/measured-run.js'
import type { LoggedEvent, TrainingEvent } from '../../src/training/events.js'
import { jsonlSink, readEventLog } from '../../src/training/sinks/jsonl.js'
import { temporaryFolder } from '../training/tiny-run.js'

const start = (firstStep = 0): TrainingEvent => ({
  type: 'start',
  network: 'inception-v4',
  classes: 10,
  parameters: 1000,
  batch: 10,
  epochs: 2,
  steps: 20,
  images: 100,
  firstStep,
  memoryBytes: 4096,
})
const step = (at: number, imagesPerSecond: number, loss: number, waitShare = 0): TrainingEvent => ({
  type: 'step',
  step: at,
  epoch: at / 10,
  loss,
  learningRate: 0.045,
  gradientNorm: 1,
  imagesPerSecond,
  waitShare,
  secondsLeft: 1,
})
const evaluation = (at: number, top1Error: number): TrainingEvent => ({
  type: 'evaluation',
  epoch: at / 10,
  step: at,
  set: 'validation',
  top1Error,
  top5Error: top1Error / 2,
  loss: 1,
  seconds: 5,
  images: 50,
  badImages: 0,
})
const checkpoint = (at: number): TrainingEvent => ({ type: 'checkpoint', step: at, file: `step-${at}` })
const logged = (...events: TrainingEvent[]): LoggedEvent[] => events.map((event, i) => ({ time: 1000 + i, ...event }))

test('a run that has not begun has no course', () => {
  const nothing = {
    epochs: [],
    imagesPerSecond: null,
    stepMilliseconds: null,
    waitShare: null,
    memoryBytes: null,
    badImages: 0,
  }
  assert.deepEqual(courseOf([]), nothing)
  assert.deepEqual(courseOf(logged(start())), { ...nothing, memoryBytes: 4096 })
})

test('training time is that of the steps alone, losses are weighed by steps, speed is the median', () => {
  const course = courseOf(
    logged(
      start(),
      step(4, 20, 3, 0.5),
      step(10, 60, 2),
      evaluation(10, 0.75),
      checkpoint(10),
      step(20, 50, 1, 0.25),
      evaluation(20, 0.5),
      checkpoint(20),
    ),
  )
  assert.deepEqual(course.epochs, [
    { epoch: 1, seconds: 3, trainLoss: (4 * 3 + 6 * 2) / 10, top1Error: 0.75, top5Error: 0.375 },
    { epoch: 2, seconds: 5, trainLoss: 1, top1Error: 0.5, top5Error: 0.25 },
  ])
  assert.equal(course.imagesPerSecond, 50)
  assert.equal(course.stepMilliseconds, 200)
  // Of 2 + 1 + 2 seconds, half of the first two and a quarter of the last two.
  assert.equal(course.waitShare, (1 + 0.5) / 5)
  assert.equal(course.memoryBytes, 4096)
})

test('with an even number of reports the speed is the mean of the middle two', () => {
  assert.equal(courseOf(logged(start(), step(1, 10, 1), step(2, 40, 1))).imagesPerSecond, 25)
})

test('a loss that is no number, and an evaluation without steps before it, are no loss of the epoch', () => {
  const { epochs } = courseOf(
    logged(
      start(),
      step(10, 10, Number.NaN),
      evaluation(10, 1),
      evaluation(10, 0.5),
      step(20, 10, 2),
      evaluation(20, 0.25),
    ),
  )
  assert.deepEqual(
    epochs.map(({ trainLoss }) => trainLoss),
    [null, null, 2],
  )
})

test('a run that was stopped and gone on with has one course, without what came after the checkpoint', async () => {
  const file = path.join(temporaryFolder(), 'events.jsonl')
  const write = async (resume: number | undefined, ...events: TrainingEvent[]) => {
    const sink = jsonlSink(file, resume === undefined ? {} : { resume: { step: resume, file: `step-${resume}` } })
    for (const event of events) await sink.write(event)
    await sink.close()
  }
  await write(undefined, start(), step(6, 30, 4), checkpoint(6), step(8, 1, 100), step(9, 1, 100))
  await write(6, start(6), step(7, 10, 2), step(10, 15, 2), evaluation(10, 0.5), checkpoint(10))
  const course = courseOf(readEventLog(file))
  assert.deepEqual(course.epochs, [
    { epoch: 1, seconds: 2 + 1 + 2, trainLoss: (6 * 4 + 4 * 2) / 10, top1Error: 0.5, top5Error: 0.25 },
  ])
  assert.equal(course.imagesPerSecond, 15)

  // Where the log itself was lost, the time before is unknown, and not counted at the speed of what came after.
  writeFileSync(file, '')
  await write(10, start(10), step(12, 20, 1), step(20, 20, 1), evaluation(20, 0.25))
  assert.deepEqual(courseOf(readEventLog(file)).epochs, [
    { epoch: 2, seconds: 5, trainLoss: 1, top1Error: 0.25, top5Error: 0.125 },
  ])
})
