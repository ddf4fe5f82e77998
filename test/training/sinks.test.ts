import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, beforeEach } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../../src/base/error.js'
import { readTfRecords } from '../../src/formats/tfrecord.js'
import {
  type BlockSight,
  decodeEventLine,
  encodeEventLine,
  type Sink,
  type TrainingEvent,
  type WatchEvent,
} from '../../src/training/events.js'
import { jsonlSink, readEventLog } from '../../src/training/sinks/jsonl.js'
import { tensorboardSink } from '../../src/training/sinks/tensorboard.js'
import { terminalSink } from '../../src/training/sinks/terminal.js'
import { bytesField, fieldsOf } from '../formats/protobuf-fields.js'

const root = mkdtempSync(path.join(tmpdir(), 'sinks-'))
after(() => rmSync(root, { recursive: true }))
let log = ''
let turn = 0
beforeEach(() => {
  log = path.join(root, `${turn++}.jsonl`)
})

const start: TrainingEvent = {
  type: 'start',
  network: 'inception-v4',
  classes: 10,
  parameters: 1234567,
  batch: 8,
  epochs: 3,
  steps: 6,
  images: 16,
  firstStep: 0,
  memoryBytes: 2 ** 20,
}
const step = (n: number) => ({
  type: 'step' as const,
  step: n,
  epoch: n / 2,
  loss: 1 / n,
  learningRate: 0.045,
  gradientNorm: 2,
  imagesPerSecond: 12.34,
  waitShare: 0,
  secondsLeft: 65,
})
/** Of a run by several replicas. */
const together: TrainingEvent[] = [
  { ...start, replicas: 20, carrier: 'Open MPI 4.1.4' },
  { ...step(1), communicationShare: 0.25 },
]
const evaluation = (n: number): TrainingEvent => ({
  type: 'evaluation',
  epoch: n / 2,
  step: n,
  set: 'validation',
  top1Error: 0.5,
  top5Error: 0.125,
  loss: 2,
  seconds: 3,
  images: 100,
  badImages: 1,
})
const phase: TrainingEvent = { type: 'phase', step: 2, parameters: 1234567, trained: 15370, memoryBytes: 2 ** 20 }
const checkpoint = (n: number): TrainingEvent => ({ type: 'checkpoint', step: n, file: `step-${n}` })
const warning: TrainingEvent = { type: 'warning', message: 'NaN' }
const done: TrainingEvent = { type: 'done', step: 6, epoch: 3, seconds: 100, file: 'step-6' }
const interrupted = (n: number): TrainingEvent => ({ type: 'interrupted', step: n, resumeCommand: 'go on' })
const sight = { name: 'resnet_c.0', zeroShare: 0.5, magnitude: 2, residualRatio: 0.25, gradientNorm: 3 }
const watch = (n: number, ...blocks: BlockSight[]): WatchEvent => ({
  type: 'watch',
  step: n,
  layer: 'conv_7b',
  zeroShare: 0.75,
  magnitude: 1.5,
  residualRatio: 0.25,
  blocks,
})
const died: TrainingEvent = { type: 'died', step: 6, layer: 'resnet_c.0', file: 'step-6' }
const diverged: TrainingEvent = { type: 'diverged', step: 6, message: 'step 6: the loss is NaN' }

/** The events after the checkpoint of step `from`, looked at, evaluated and saved every second step. */
const course = (from: number): TrainingEvent[] =>
  [1, 2, 3, 4, 5, 6]
    .filter(n => n > from)
    .flatMap(n => (n % 2 === 0 ? [step(n), watch(n), evaluation(n), checkpoint(n)] : [step(n)]))
const wholeRun = [start, ...course(0), done]

async function writeAll(sink: Sink, events: readonly TrainingEvent[]) {
  for (const event of events) await sink.write(event)
  await sink.close()
}
const now = () => 5

test('every kind of event reads back as it was, also what JSON has no number for', async () => {
  const odd = { ...step(1), loss: Number.NaN, gradientNorm: Number.POSITIVE_INFINITY, secondsLeft: -Infinity }
  const blind = { ...sight, name: 'NaN', magnitude: Number.NaN, residualRatio: Number.POSITIVE_INFINITY }
  const looks = [watch(1), watch(2, sight, blind), { ...watch(3), magnitude: Number.NaN }]
  const ends = [done, died, diverged, interrupted(3)]
  const events = [start, ...together, phase, odd, ...looks, evaluation(2), checkpoint(2), warning, ...ends]
  await writeAll(jsonlSink(log, { now }), events)
  assert.deepEqual(
    readEventLog(log),
    events.map(event => ({ time: 5, ...event })),
  )
})

test('lines that are no event are not read as one', () => {
  assert.equal(decodeEventLine(encodeEventLine(together[1]!, 5).replace('0.25', '"most"')), undefined)
  const good = encodeEventLine(step(1), 5)
  assert.ok(decodeEventLine(good))
  for (const bad of [
    '',
    'null',
    '3',
    '[]',
    '{}',
    good.slice(0, -1),
    good.replace('"step"', '"toString"'),
    good.replace('"loss":1', '"loss":"much"'),
    good.replace('"loss":1', '"lost":1'),
    good.replace('"time":5', '"time":null'),
  ])
    assert.equal(decodeEventLine(bad), undefined, bad)
})

test('a look with a damaged block is not read as one', () => {
  const good = encodeEventLine(watch(1, sight), 5)
  assert.ok(decodeEventLine(good))
  for (const [from, to] of [
    ['"blocks":[{', '"blocks":[null,{'],
    ['"blocks":[{', '"blocks":[[],{'],
    ['"name":"resnet_c.0"', '"name":3'],
    ['"name":"resnet_c.0",', ''],
    ['"gradientNorm":3', '"gradientNorm":"three"'],
    ['"gradientNorm":3', '"gradientNorm":null'],
    ['"residualRatio":0.25,"blocks"', '"blocks"'],
    ['"zeroShare":0.5', '"zeroShare":[]'],
  ] as const) {
    const bad = good.replace(from, to)
    assert.notEqual(bad, good, from)
    assert.equal(decodeEventLine(bad), undefined, bad)
  }
  assert.equal(decodeEventLine(good.replace(/"blocks":.*/, '"blocks":{"length":0}}')), undefined)
  assert.equal(decodeEventLine(good.replace(/"blocks":.*/, '"blocks":"none"}')), undefined)
})

// JSON writes −0 as 0.
const anyNumber = fc.double().map(value => value + 0)
const anySight = fc.record(
  {
    name: fc.string(),
    zeroShare: anyNumber,
    magnitude: anyNumber,
    residualRatio: anyNumber,
    gradientNorm: anyNumber,
  },
  { noNullPrototype: true },
)

test('any look reads back as it was, from a single line', () => {
  fc.assert(
    fc.property(fc.array(anySight, { maxLength: 4 }), anyNumber, fc.string(), (blocks, magnitude, layer) => {
      const event = { ...watch(1, ...blocks), magnitude, layer }
      const line = encodeEventLine(event, 5)
      assert.ok(!line.includes('\n'))
      assert.deepEqual(decodeEventLine(line), { time: 5, ...event })
    }),
  )
})

test('no line of JSON makes reading fail', () => {
  const anyLine = fc.record({
    time: fc.constant(5),
    type: fc.constantFrom('watch', 'died', 'diverged'),
    step: fc.jsonValue(),
    layer: fc.jsonValue(),
    zeroShare: fc.jsonValue(),
    magnitude: fc.constant(1),
    residualRatio: fc.constant(1),
    message: fc.jsonValue(),
    file: fc.constant('x'),
    blocks: fc.jsonValue(),
  })
  fc.assert(
    fc.property(anyLine, line => {
      const event = decodeEventLine(JSON.stringify(line))
      assert.ok(event === undefined || (event.type === line.type && 'step' in event && typeof event.step === 'number'))
    }),
  )
})

test('wherever a run is killed, the log after resuming is the uninterrupted one', async () => {
  await writeAll(jsonlSink(log, { now }), wholeRun)
  const uninterrupted = readFileSync(log)
  const firstSave = uninterrupted.indexOf('{"time":5,"type":"checkpoint","step":2')
  for (let cut = firstSave; cut <= uninterrupted.length; cut++) {
    // Every fifth place, and those on both sides of each line feed.
    if (cut % 5 !== 0 && uninterrupted[cut - 1] !== 0x0a && uninterrupted[cut] !== 0x0a) continue
    writeFileSync(log, uninterrupted.subarray(0, cut))
    // The newest checkpoint that can be on the disk at this moment, and the one before, had that been damaged.
    const logged = readEventLog(log).filter(event => event.type === 'checkpoint')
    const newest = Math.max(2, ...logged.map(event => event.step))
    for (const from of newest > 2 ? [newest, newest - 2] : [newest]) {
      writeFileSync(log, uninterrupted.subarray(0, cut))
      const sink = jsonlSink(log, { resume: { step: from, file: `step-${from}` }, now })
      await writeAll(sink, [{ ...start, firstStep: from }, ...course(from), done])
      assert.equal(readFileSync(log, 'utf8'), uninterrupted.toString(), `cut at ${cut}, from ${from}`)
    }
  }
})

test('a run stopped by hand and resumed has the uninterrupted log too', async () => {
  await writeAll(jsonlSink(log, { now }), [start, ...course(0).slice(0, 10), warning, interrupted(4)])
  await writeAll(jsonlSink(log, { resume: { step: 4, file: 'step-4' }, now }), [start, ...course(4), done])
  assert.deepEqual(
    readEventLog(log).map(({ time, ...event }) => event),
    wholeRun,
  )
})

test('a torn last line is repaired on reopening, and the rest stays', async () => {
  await writeAll(jsonlSink(log, { now }), [start, step(1)])
  const before = readFileSync(log, 'utf8')
  appendFileSync(log, '{"time":5,"type":"st')
  assert.equal(readEventLog(log).length, 2)
  await writeAll(jsonlSink(log, { now }), [step(2)])
  assert.equal(readFileSync(log, 'utf8'), `${before}${encodeEventLine(step(2), 5)}\n`)
})

test('a resumed run without its log begins one', async () => {
  await writeAll(jsonlSink(log, { resume: { step: 4, file: 'step-4' }, now }), [start, step(5)])
  assert.deepEqual(
    readEventLog(log).map(event => event.type),
    ['checkpoint', 'start', 'step'],
  )
})

test('a log that cannot be written is told', () => {
  assert.throws(() => jsonlSink(path.join(root, 'missing', 'events.jsonl')), UserError)
  assert.throws(() => jsonlSink(root), UserError)
  assert.throws(() => readEventLog(path.join(root, 'missing')), /cannot read .*missing/)
})

test('TensorBoard gets the curves, and word to forget what is done over', async () => {
  const folder = mkdtempSync(path.join(root, 'board-'))
  await writeAll(tensorboardSink(folder, { firstStep: 4, now: () => 1700000000 }), [
    start,
    step(5),
    evaluation(6),
    watch(6, sight, { ...sight, name: 'stem', residualRatio: 0 }),
    diverged,
    died,
    done,
  ])
  const [name, ...others] = readdirSync(folder)
  assert.match(name!, /^events\.out\.tfevents\.1700000000\./)
  assert.equal(others.length, 0)
  const records = [...readTfRecords(path.join(folder, name!))].map(record => record.data)
  const stepOf = (message: Uint8Array) => fieldsOf(message).find(field => field.number === 2)?.value
  assert.deepEqual(records.map(stepOf), [0n, 5n, 5n, 6n, 6n])
  assert.equal(bytesField(records[0]!, 3).toString(), 'brain.Event:2')
  assert.equal(fieldsOf(bytesField(records[1]!, 7))[0]?.value, 1n)
  const scalarsOf = (message: Uint8Array) =>
    fieldsOf(bytesField(message, 5)).map(({ value }) => {
      assert.ok(typeof value !== 'bigint')
      return [bytesField(value, 1).toString(), bytesField(value, 2).readFloatLE()]
    })
  assert.deepEqual(scalarsOf(records[2]!).slice(0, 2), [
    ['training/loss', Math.fround(0.2)],
    ['training/learning_rate', Math.fround(0.045)],
  ])
  assert.deepEqual(scalarsOf(records[3]!), [
    ['validation/top1_error', 0.5],
    ['validation/top5_error', 0.125],
    ['validation/loss', 2],
  ])
  assert.deepEqual(scalarsOf(records[4]!), [
    ['zero_share/resnet_c.0', 0.5],
    ['magnitude/resnet_c.0', 2],
    ['gradient_norm/resnet_c.0', 3],
    ['residual_ratio/resnet_c.0', 0.25],
    ['zero_share/stem', 0.5],
    ['magnitude/stem', 2],
    ['gradient_norm/stem', 3],
  ])
})

/** A terminal that remembers what was written, and a clock that moves by hand. */
function stage(isTTY: boolean, columns?: number) {
  let text = ''
  let seconds = 0
  const stream = { isTTY, ...(columns === undefined ? {} : { columns }), write: (more: string) => (text += more) }
  const sink = terminalSink(stream, () => seconds)
  return { sink, text: () => text, pass: (time: number) => (seconds += time) }
}

test('on a terminal the step is one line rewritten in place and cut to the width', async () => {
  const { sink, text, pass } = stage(true, 40)
  await sink.write(start)
  await sink.write(step(1))
  await sink.write(step(2))
  pass(0.2)
  await sink.write(step(3))
  await sink.write(step(4))
  await sink.write(warning)
  await sink.close()
  const rewritten = text().slice(text().indexOf('\r'))
  assert.equal(
    rewritten,
    '\rstep 1/6  epoch 0.50  12.3 images/s  l…\x1b[K' +
      '\rstep 3/6  epoch 1.50  12.3 images/s  l…\x1b[K' +
      '\rstep 4/6  epoch 2.00  12.3 images/s  l…\x1b[K\nwarning: NaN\n',
  )
})

test('a wide terminal shows everything', async () => {
  const { sink, text } = stage(true, 200)
  await sink.write(start)
  await sink.write({ ...step(1200), waitShare: 0.25 })
  const expected =
    'step 1,200/6  epoch 600.00  12.3 images/s  loss 0.0008333  learning rate 0.0450  1 min 05 s left  waiting for images 25.0 %'
  assert.ok(text().includes(expected), text())
})

test('elsewhere steps are plain lines at a rate a log can bear', async () => {
  const { sink, text, pass } = stage(false)
  await sink.write(start)
  for (let n = 1; n <= 100; n++) {
    await sink.write(step(n))
    pass(0.5)
  }
  await writeAll(sink, [evaluation(100), checkpoint(100), interrupted(100)])
  const lines = text().trimEnd().split('\n')
  assert.deepEqual(
    lines.slice(1, -3).map(line => /^step (\d+)/.exec(line)?.[1]),
    ['1', '21', '41', '61', '81', '100'],
  )
  assert.match(
    lines[0]!,
    /^training inception-v4 \(1,234,567 parameters, 10 classes\): 16 images, 3 epochs, 6 steps of 8/,
  )
  assert.match(
    lines.at(-3)!,
    /^validation at epoch 50\.00: top-1 error 50\.0 %, top-5 error 12\.5 %.*1 could not be read/,
  )
  assert.match(lines.at(-1)!, /to go on: go on$/)
  assert.ok(!text().includes('\r') && !text().includes('\x1b'))
})

test('what replicas share, and what communication costs them, is told where there are several', async () => {
  const { sink, text } = stage(false)
  for (const event of together) await sink.write(event)
  await sink.close()
  assert.match(text(), /6 steps of 8, shared by 20 replicas \(Open MPI 4\.1\.4\)\n/)
  assert.match(text(), /communication 25\.0 %\n$/)
})

test('looks are left to the log, a death is told with its layer, and a divergence by the error', async () => {
  const { sink, text } = stage(false)
  await writeAll(sink, [start, watch(1, sight), diverged, died])
  const lines = text().trimEnd().split('\n')
  assert.equal(lines.length, 2)
  assert.match(lines[1]!, /^the network died at step 6: resnet_c\.0, the last layer before pooling.*--residual-scale/)
})

test('control characters in a message do not reach the terminal', async () => {
  const { sink, text } = stage(true, 80)
  await sink.write({ type: 'warning', message: 'bad image \x1b[2J\r\nname' })
  assert.equal(text(), 'warning: bad image \uFFFD[2J\uFFFD\uFFFDname\n')
})
