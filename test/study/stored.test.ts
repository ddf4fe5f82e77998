import assert from 'node:assert/strict'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { UserError } from '../../src/base/error.js'
import { writeSafetensors } from '../../src/formats/safetensors.js'
import { passNames } from '../../src/graph/passes/pass-names.js'
import { footprintOf } from '../../src/study/footprint.js'
import { measureFootprint } from '../../src/study/lanes/measure-footprint.js'
import { loadEvaluation, storeEvaluation } from '../../src/study/lanes/stored-predictions.js'
import { describeMachine } from '../../src/study/machine.js'
import { presets } from '../../src/study/presets/presets.js'
import { StudyLog } from '../../src/study/study-log.js'
import { temporaryFolder, tinyModel } from '../training/tiny-run.js'

process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
const evaluation = {
  predictions: {
    probabilities: Float32Array.of(0.25, 0.75, 0.5, 0.5, 0, 0),
    labels: Int32Array.of(1, 0, -1),
    classes: 2,
  },
  description: '12 crops: “as GoogLeNet’s”',
  badImages: 1,
  imagesPerSecond: 3.25,
}

test('an evaluation reads back as it was, under its own key only', () => {
  const file = path.join(root, 'crops.safetensors')
  assert.equal(loadEvaluation(file, 'one'), undefined)
  storeEvaluation(file, 'one', evaluation)
  assert.deepEqual(loadEvaluation(file, 'one'), evaluation)
  assert.equal(loadEvaluation(file, 'another'), undefined)
})

test('a part of a larger array is stored as that part', () => {
  const file = path.join(root, 'part.safetensors')
  const { probabilities, labels } = evaluation.predictions
  const predictions = { probabilities: probabilities.subarray(2, 4), labels: labels.subarray(1, 2), classes: 2 }
  storeEvaluation(file, 'one', { ...evaluation, predictions })
  assert.deepEqual(loadEvaluation(file, 'one')!.predictions, {
    probabilities: Float32Array.of(0.5, 0.5),
    labels: Int32Array.of(0),
    classes: 2,
  })
})

test('a damaged evaluation is an error that says what to do', () => {
  const file = path.join(root, 'damaged.safetensors')
  const refuses = () =>
    assert.throws(
      () => loadEvaluation(file, 'one'),
      (error: unknown) =>
        error instanceof UserError &&
        error.message.startsWith(`${file} cannot be used: remove it, and it is made again`),
    )
  storeEvaluation(file, 'one', evaluation)
  const { length } = readFileSync(file)
  for (const cut of [0, 7, 20, length - 1]) {
    storeEvaluation(file, 'one', evaluation)
    truncateSync(file, cut)
    refuses()
  }
  writeFileSync(file, 'no tensors at all, but long enough to have a header')
  refuses()
  const f32 = (name: string, ...shape: number[]) => {
    const bytes = () => new Uint8Array(4 * shape.reduce((a, b) => a * b))
    return { name, dtype: name === 'labels' ? 'I32' : 'F32', shape, bytes } as const
  }
  const metadata = { key: 'one', description: '', badImages: '0', imagesPerSecond: '1' }
  for (const [tensors, more] of [
    [[f32('probabilities', 3, 2)], {}],
    [[f32('probabilities', 3, 2), f32('labels', 2)], {}],
    [[f32('probabilities', 6), f32('labels', 6)], {}],
    [[f32('probabilities', 3, 2), f32('labels', 3)], { badImages: 'some' }],
  ] as const) {
    writeSafetensors(file, tensors, { ...metadata, ...more })
    refuses()
  }
})

test('a study’s note adds up its sittings and names every difference', () => {
  const out = path.join(root, 'note')
  const asked = { preset: { name: 'tiny' }, data: null, precision: 'f32', 'excluded images': 0 }
  const log = new StudyLog(out, asked)
  assert.ok(!existsSync(out), 'nothing is written before the study begins')
  log.begin()
  assert.equal(log.add(2), 2)
  const again = new StudyLog(out, { ...asked })
  assert.equal(again.startedAt, log.startedAt)
  assert.equal(again.add(3), 5)
  for (const [changed, message] of [
    [{ preset: { name: 'other' } }, /note holds a study with another preset: give another folder/],
    [{ data: '/data', precision: 'bf16' }, /with another data and another precision: /],
    [{ 'excluded images': 3 }, /with another excluded images: /],
  ] as const)
    assert.throws(
      () => new StudyLog(out, { ...asked, ...changed }),
      (error: unknown) => error instanceof UserError && message.test(error.message),
    )
  for (const text of ['null', '[]', '{}', '{"asked":null,"startedAt":"x","seconds":1}', '{"startedAt":"x"}']) {
    writeFileSync(path.join(out, 'study.json'), text)
    assert.throws(() => new StudyLog(out, asked), /was written by another version of this program/, text)
  }
})

test('a footprint that was measured is read; one that is damaged is named; a stopped study measures none', async () => {
  const out = path.join(root, 'footprint')
  const log = new StudyLog(out, { preset: null, data: null, precision: null, 'excluded images': 0 })
  log.begin()
  const backend = openBackend('reference', () => {})
  const shared = { out, data: '', classes: 3, backend: 'reference', precision: 'f32', passes: passNames } as const
  const said: string[] = []
  const options = (name: string) => ({
    matrix: { ...shared, preset: presets[name]! },
    backend,
    threads: 1,
    say: (line: string) => said.push(line),
  })
  assert.equal(await footprintOf(options('quick')), undefined)
  assert.match(said.join(), /^the cost at full size is not measured: /)
  const stopped = AbortSignal.abort()
  const measuring = { ...options('quick'), backend: { ...backend, title: 'fast' }, signal: stopped }
  assert.equal(await footprintOf(measuring), undefined)
  const file = path.join(out, 'footprint.json')
  assert.ok(!existsSync(file))
  const kept = { size: 299, batch: 8, threads: 1, networks: [], withSumNorms: [] }
  writeFileSync(file, JSON.stringify(kept))
  assert.deepEqual(await footprintOf(options('quick')), kept)
  writeFileSync(file, '{"size":')
  await assert.rejects(footprintOf(options('quick')), /footprint\.json is damaged: remove it, and it is measured again/)
})

test('a footprint is of the network asked for, and batch norm on the sums costs memory', () => {
  const measure = (extraNorm: 'none' | 'sums') =>
    measureFootprint(
      {
        kind: 'footprint',
        model: { ...tinyModel, classes: 10, extraNorm },
        batch: 4,
        steps: 2,
        backend: 'auto',
        passes: passNames.filter(name => name !== 'tune'),
        precision: 'f32',
      },
      (name, passes) => openBackend(name, () => {}, { passes: new Set(passes) }),
    )
  const [plain, normed] = [measure('none'), measure('sums')]
  assert.equal(plain.network, 'inception-resnet-v1')
  assert.equal(plain.multiplyAdds, normed.multiplyAdds)
  // The three sums have 16, 56 and 112 channels at this width.
  assert.ok(normed.parameters > plain.parameters)
  assert.ok(plain.stepMilliseconds > 0 && plain.plannedBytes > 4 * plain.parameters)
  assert.ok(normed.plannedBytes > plain.plannedBytes)
})

test('the machine is described by facts', () => {
  const { engine, cores, memoryBytes, node, version, platform } = describeMachine('oneDNN, f32')
  const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../../package.json'), 'utf8'))
  assert.deepEqual([engine, node, version], ['oneDNN, f32', process.version, manifest.version])
  assert.ok(cores >= 1 && memoryBytes > 2 ** 20 && platform.length > 3)
})
