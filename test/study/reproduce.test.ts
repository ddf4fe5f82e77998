import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { UserError } from '../../src/base/error.js'
import type { Preset } from '../../src/study/presets.js'
import { renderReport } from '../../src/study/report/report.js'
import { reproduce, type StudyOptions } from '../../src/study/reproduce.js'
import { ensembleId } from '../../src/study/result.js'
import { openDataSets } from '../../src/study/run/run.js'
import type { TrainingEvent } from '../../src/training/events.js'
import { paperRecipe } from '../../src/training/recipe.js'
import { drawTinyData, sha256, temporaryFolder, tinyModel, tinySynth } from '../training/tiny-run.js'
import { assertWellFormed } from './wellFormed.js'

process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
const backend = openBackend('auto', () => {})
const members = ['inception-resnet-v1', 'inception-v4']
const tiny: Preset = {
  name: 'tiny',
  contestants: [
    { pair: 'smaller', model: tinyModel },
    { pair: 'larger', model: { ...tinyModel, network: 'inception-v4' } },
  ],
  ensembles: [members],
  // Long enough for the word to stop to arrive before the end: 24 steps.
  recipe: { ...paperRecipe, epochs: 4, batch: 4, learningRate: 0.01, seed: 3 },
  notes: { learningRate: 'a short run' },
  synth: tinySynth,
}

const study = (out: string, more: Partial<StudyOptions> = {}) =>
  reproduce({
    preset: tiny,
    out: path.join(root, out),
    backend,
    backendName: 'auto',
    precision: 'f32',
    command: 'inception reproduce --preset tiny',
    tell: () => {},
    lanes: 2,
    say: () => {},
    ...more,
  })

const checkpointOf = (out: string, network: string) =>
  path.join(root, out, network, 'checkpoints', 'step-00000024.safetensors')
const readJson = (...place: string[]) => JSON.parse(readFileSync(path.join(root, ...place), 'utf8'))

const told: string[] = []
const said: string[] = []
const first = await study('study', {
  tell: (title, event) => told.push(`${title}: ${event.type}`),
  say: line => said.push(line),
})

test('a study trains, evaluates and compares, and writes down what it found', () => {
  const { result, interrupted } = first
  assert.equal(interrupted, false)
  assert.deepEqual(readJson('study', 'result.json'), JSON.parse(JSON.stringify(result)))
  assert.equal(result.preset, 'tiny')
  assert.equal(result.interrupted, undefined)
  assert.ok(result.seconds > 0 && !Number.isNaN(Date.parse(result.startedAt)))
  assert.deepEqual(
    { ...result.dataSet, path: undefined },
    {
      name: 'drawn shapes with textures',
      path: undefined,
      classes: 3,
      trainImages: 24,
      valImages: 12,
      size: 75,
      synthetic: true,
      badImages: 0,
    },
  )
  assert.deepEqual(
    result.networks.map(({ network, pair, residual, width }) => ({ network, pair, residual, width })),
    [
      { network: 'inception-resnet-v1', pair: 'smaller', residual: true, width: 1 / 16 },
      { network: 'inception-v4', pair: 'larger', residual: false, width: 1 / 16 },
    ],
  )
  for (const network of result.networks) {
    const { epochs, final, checkpoint } = network
    assert.deepEqual(
      epochs.map(({ epoch }) => epoch),
      [1, 2, 3, 4],
    )
    const { top1Error, top5Error } = epochs.at(-1)!
    assert.deepEqual(final, { top1Error, top5Error, images: 12 })
    assert.equal(path.join(root, 'study', checkpoint!), checkpointOf('study', network.network))
    for (const key of ['parameters', 'multiplyAdds', 'stepMilliseconds', 'imagesPerSecond', 'memoryBytes'] as const)
      assert.ok(network[key]! > 0, key)
    assert.ok(network.dataWaitShare! >= 0 && network.dataWaitShare! <= 1)
  }
  assert.deepEqual(
    result.ensembles.map(({ members: of, images }) => [of, images]),
    [[members, 12]],
  )
  const [pair] = result.paired!
  assert.deepEqual([pair!.first, pair!.images], [ensembleId(members), 12])
  assert.equal(
    pair!.bothWrong + pair!.onlySecondWrong,
    Math.round(12 * Math.min(...result.networks.map(network => network.final!.top1Error))),
  )
  const rate = result.recipe.find(entry => entry.key === 'learning rate')
  assert.deepEqual([rate?.value, rate?.note], ['0.01', 'paper: 0.045; a short run'])
})

test('a study tells of every network, each with its own events', () => {
  for (const title of ['Inception-ResNet-v1', 'Inception-v4']) {
    const own = told.filter(line => line.startsWith(`${title}: `) && !line.endsWith(': step'))
    assert.deepEqual(
      own.map(line => line.slice(title.length + 2)),
      ['start', ...Array<string[]>(4).fill(['evaluation', 'checkpoint']).flat(), 'done'],
    )
  }
  assert.equal(said.length, 1)
  assert.match(said[0]!, /^drew 24 training and 12 validation pictures into /)
})

test('a finished study is not trained again, and says the same', async () => {
  const logs = members.map(network => path.join(root, 'study', network, 'events.jsonl'))
  const before = logs.map(sha256)
  const { result, interrupted } = await study('study', {
    tell: title => assert.fail(`${title} was trained again`),
    say: line => assert.fail(line),
  })
  assert.equal(interrupted, false)
  assert.deepEqual(result, first.result)
  assert.deepEqual(logs.map(sha256), before)
})

test('a study that was stopped goes on, and ends with the same networks', async () => {
  const controller = new AbortController()
  const begun: TrainingEvent[] = []
  const stopped = await study('stopped', {
    lanes: 1,
    signal: controller.signal,
    tell: (_, event) => {
      begun.push(event)
      if (event.type === 'start') controller.abort()
    },
  })
  assert.equal(stopped.interrupted, true)
  assert.equal(stopped.result.interrupted, 'stopped by the user after 0 of 2 networks')
  assert.deepEqual([stopped.result.networks, stopped.result.ensembles], [[], []])
  assert.deepEqual(readJson('stopped', 'result.json'), JSON.parse(JSON.stringify(stopped.result)))
  assert.equal(begun.at(-1)?.type, 'interrupted')
  assert.ok(!existsSync(path.join(root, 'stopped', 'inception-v4')), 'the second network was not begun')
  assertWellFormed(renderReport(stopped.result))

  const resumed: string[] = []
  const { result, interrupted } = await study('stopped', {
    tell: (title, event) => {
      if (event.type === 'start') resumed.push(`${title} after step ${event.firstStep}`)
    },
  })
  assert.equal(interrupted, false)
  assert.match(resumed.sort()[0]!, /^Inception-ResNet-v1 after step [1-9]\d?$/)
  assert.equal(resumed[1], 'Inception-v4 after step 0')
  for (const network of members)
    assert.equal(sha256(checkpointOf('stopped', network)), sha256(checkpointOf('study', network)))
  assert.deepEqual(
    result.networks.map(network => network.final),
    first.result.networks.map(network => network.final),
  )
  assert.deepEqual([result.ensembles, result.paired], [first.result.ensembles, first.result.paired])
  assert.equal(result.startedAt, stopped.result.startedAt)
  assert.ok(result.seconds > stopped.result.seconds)
})

test('a study stopped while it draws leaves no data, and begins again', async () => {
  const controller = new AbortController()
  await assert.rejects(
    study('drawing', { signal: controller.signal, drawing: () => controller.abort() }),
    (error: unknown) => error === controller.signal.reason,
  )
  assert.deepEqual(readdirSync(path.join(root, 'drawing')), [])
})

test('a folder with a study of something else is refused', async () => {
  const refusal = /holds a study with another preset, other images or another precision: give another folder \(--out\)/
  await assert.rejects(study('study', { preset: { ...tiny, recipe: { ...tiny.recipe, epochs: 5 } } }), refusal)
  await assert.rejects(study('study', { precision: 'bf16' }), refusal)
  await assert.rejects(study('study', { data: path.join(root, 'study', 'data') }), refusal)
})

test('what goes wrong in the training of one network ends the study with its reason', async () => {
  const data = await drawTinyData(path.join(root, 'bad data'))
  const { train } = await openDataSets(data)
  truncateSync(train.items[4]!.path, 700)
  await assert.rejects(
    study('failing', { data }),
    (error: unknown) =>
      error instanceof UserError &&
      error.message.startsWith(`bad image ${train.items[4]!.path}: the image data is cut`),
  )
})

test('the report of a study has its networks and figures', () => {
  const html = renderReport(first.result)
  assertWellFormed(html)
  for (const { title } of first.result.networks) assert.ok(html.includes(title), title)
  assert.match(html, /<svg /)
})
