import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import type { ImageSet } from '../../src/data/class-folder.js'
import { sharp } from '../../src/data/sharp.js'
import type { Predictions } from '../../src/evaluation/scores.js'
import {
  type EvaluatedRun,
  ensemblesOf,
  keptImages,
  networkResults,
  pairings,
  protocolSummaries,
} from '../../src/study/gather.js'
import { type StudyCropName, someOf } from '../../src/study/lanes/evaluate-run.js'
import { type ComparisonRun, comparisonRuns } from '../../src/study/matrix.js'
import { confusionsOf, samplesOf } from '../../src/study/observations.js'
import type { Preset } from '../../src/study/presets/preset.js'
import { presets } from '../../src/study/presets/presets.js'
import type { NetworkResult } from '../../src/study/result.js'
import { jsonlSink } from '../../src/training/sinks/jsonl.js'
import { temporaryFolder } from '../training/tiny-run.js'

const root = temporaryFolder()
const classes = ['circle', 'cross', 'star']

/** Predictions of these classes, each with certainty, where 'label' is the right one; −1 for an image nobody could read. */
function predicting(predicted: readonly number[], labels: readonly number[]): Predictions {
  const probabilities = new Float32Array(labels.length * classes.length)
  for (const [i, best] of predicted.entries()) if (labels[i]! >= 0) probabilities[i * classes.length + best] = 1
  return { probabilities, labels: Int32Array.from(labels), classes: classes.length }
}

const { quick } = presets
const preset: Preset = {
  ...quick!,
  comparison: {
    ...quick!.comparison,
    seeds: [1, 2],
    ensembles: [
      {
        members: [
          { network: 'inception-v4', seed: 1 },
          { network: 'inception-resnet-v2', seed: 1 },
        ],
        crops: '12',
      },
      { members: [{ network: 'inception-v3', seed: 1 }], crops: '12' },
    ],
  },
}
const matrix = { out: root, data: '/data', classes: 3, backend: 'auto', precision: 'f32', passes: [] } as const
const runs = comparisonRuns({ ...matrix, preset })
const runOf = (network: string, seed: number): ComparisonRun =>
  runs.find(run => run.settings.model.network === network && run.seed === seed)!

const evaluated = (
  network: string,
  seed: number,
  by: Readonly<Partial<Record<StudyCropName, Predictions>>>,
): EvaluatedRun => ({
  run: runOf(network, seed),
  predictions: new Map(Object.entries(by) as [StudyCropName, Predictions][]),
  descriptions: new Map(Object.keys(by).map(name => [name as StudyCropName, `how ${name}`])),
  badImages: 0,
})

const labels = [0, 1, 2, 0]
const resultOf = (network: string, role: 'smaller' | 'larger', residual: boolean) =>
  ({ network, role, residual }) as NetworkResult

test('two networks are compared image by image, an outcome being the share of the runs that were wrong', () => {
  const own = [
    evaluated('inception-v4', 1, { '1': predicting([0, 1, 0, 1], labels) }),
    evaluated('inception-v4', 2, { '1': predicting([0, 0, 0, 0], labels) }),
    evaluated('inception-resnet-v2', 1, { '1': predicting([0, 1, 2, 1], labels) }),
  ]
  const networks = [resultOf('inception-v4', 'larger', false), resultOf('inception-resnet-v2', 'larger', true)]
  // By image: 0, ½, 1, ½ of v4's runs were wrong, and 0, 0, 0, 1 of the other's.
  const differences = [0, 0.5, 1, -0.5]
  const mean = 1 / 4
  const deviation = Math.sqrt(differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 4)
  const [pair, ...others] = pairings(own, networks, [])
  const about = { protocol: '1', first: 'inception-v4', second: 'inception-resnet-v2' }
  assert.deepEqual(pair, { ...about, images: 4, difference: mean, deviation })
  assert.deepEqual(others, [])

  const kept = Uint8Array.of(1, 0, 1, 0)
  assert.deepEqual(pairings(own, networks, [], kept), [{ ...about, images: 2, difference: 0.5, deviation: 0.5 }])
})

test('an image that one run could not read is in no comparison', () => {
  const own = [
    evaluated('inception-v4', 1, { '1': predicting([1, 0, 0, 0], [0, -1, 2, 0]) }),
    evaluated('inception-resnet-v2', 1, { '1': predicting([0, 1, 2, 0], [0, 1, 2, -1]) }),
  ]
  const networks = [resultOf('inception-v4', 'larger', false), resultOf('inception-resnet-v2', 'larger', true)]
  const [pair] = pairings(own, networks, [])
  assert.deepEqual([pair!.images, pair!.difference, pair!.deviation], [2, 1, 0])
  const none = own.map(each => ({ ...each, predictions: new Map([['1', predicting([0], [-1])]] as const) }))
  assert.deepEqual(pairings(none, networks, []), [])
})

test('a network is compared with its counterparts: of its size, or of its kind', () => {
  const four = [
    resultOf('inception-v3', 'smaller', false),
    resultOf('inception-resnet-v1', 'smaller', true),
    resultOf('inception-v4', 'larger', false),
    resultOf('inception-resnet-v2', 'larger', true),
  ]
  const own = four.map(({ network }) => evaluated(network, 1, { '1': predicting([0, 1, 2, 0], labels) }))
  assert.deepEqual(
    pairings(own, four, []).map(pair => `${pair.first} ${pair.second}`),
    [
      'inception-v3 inception-resnet-v1',
      'inception-v3 inception-v4',
      'inception-resnet-v1 inception-resnet-v2',
      'inception-v4 inception-resnet-v2',
    ],
  )
})

test('an ensemble is there when all its members are, and is compared with its best member', () => {
  const good = predicting([0, 1, 2, 1], labels)
  const worse = predicting([1, 0, 2, 0], labels)
  const own = [
    evaluated('inception-v4', 1, { '12': worse }),
    evaluated('inception-v4', 2, { '12': predicting([2, 2, 2, 2], labels) }),
    evaluated('inception-resnet-v2', 1, { '12': good }),
    evaluated('inception-v3', 1, { '1': good }),
  ]
  const ensembles = ensemblesOf(preset, own)
  // Where the two disagree both classes have a half, and the one listed first counts.
  assert.deepEqual(
    ensembles.map(({ result }) => result),
    [
      {
        members: preset.comparison.ensembles[0]!.members,
        protocol: '12',
        errors: { top1Error: 0.25, top5Error: 0, images: 4, badImages: 0 },
      },
    ],
  )
  const [pair] = pairings(own, [], ensembles)
  assert.deepEqual(
    [pair!.protocol, pair!.first, pair!.second, pair!.difference],
    ['12', 'inception-v4/1 + inception-resnet-v2/1', 'inception-resnet-v2/1', 0],
  )
  // It is wrong on the second image, its member on the fourth.
  assert.equal(pair!.deviation, Math.sqrt(1 / 2))
})

test('a network without a run that got anywhere is left out, and protocols that nobody has', async () => {
  const own = [
    evaluated('inception-v4', 1, { '1': predicting([0, 1, 2, 1], labels), '144': predicting([0], [0]) }),
    evaluated('inception-v3', 1, {}),
  ]
  const { folder } = runOf('inception-v4', 1)
  mkdirSync(folder, { recursive: true })
  const log = jsonlSink(path.join(folder, 'events.jsonl'))
  await log.write({ type: 'checkpoint', step: 3, file: path.join('elsewhere', 'step-00000003.safetensors') })
  await log.write({ type: 'diverged', step: 5, message: 'step 5: the loss is NaN' })
  await log.close()
  const kept = Uint8Array.of(1, 1, 1, 0)
  const networks = networkResults(own, { preset, out: root, kept })
  assert.deepEqual(
    networks.map(({ network }) => network),
    ['inception-v4'],
  )
  const [run] = networks[0]!.runs
  assert.equal(run!.note, 'step 5: the loss is NaN')
  assert.equal(run!.checkpoint, path.join('inception-v4', 'seed-1', 'checkpoints', 'step-00000003.safetensors'))
  assert.deepEqual(run!.errors['1'], { top1Error: 0, top5Error: 0, images: 3, badImages: 0 })
  const damaged = [evaluated('inception-v4', 1, { '1': predicting([0, 1, 2, 1], [0, 1, -1, 1]) })]
  const [seen] = networkResults(damaged, { preset, out: root, kept })[0]!.runs
  assert.deepEqual(seen!.errors['1'], { top1Error: 0, top5Error: 0, images: 2, badImages: 1 })
  assert.deepEqual(protocolSummaries(own, ['1', '12', '144'], kept), [
    { id: '1', title: 'single crop', description: 'how 1', images: 3 },
    { id: '144', title: '144 crops', description: 'how 144', images: 1 },
  ])
})

const items = Array.from({ length: 6 }, (_, i) => ({ path: path.join(root, `${i}.png`), label: i >> 1 }))
const val: ImageSet = { root, classes, items }

test('some of the images are evenly from all classes, in their order', () => {
  assert.deepEqual(
    someOf(val, 3).items.map(({ label }) => label),
    [0, 1, 2],
  )
  assert.deepEqual(
    someOf(val, 4).items.map(item => items.indexOf(item)),
    [0, 1, 3, 4],
  )
  for (const most of [null, 6, 100]) assert.equal(someOf(val, most), val)
})

test('what is left out is known by its path', () => {
  assert.equal(keptImages(val, null, new Set()), undefined)
  const excluded = new Set([items[1]!.path, items[4]!.path, 'nowhere'])
  assert.deepEqual([...keptImages(val, null, excluded)!], [1, 0, 1, 1, 0, 1])
  assert.deepEqual([...keptImages(val, 3, excluded)!], [1, 1, 0])
})

test('samples are what every network could read, right ones and wrong ones, with what each says', async () => {
  for (const [i, { path: file }] of items.entries())
    if (i === 2) writeFileSync(file, 'no image at all')
    else
      await sharp({ create: { width: 8, height: 8, channels: 3, background: '#a00' } })
        .png()
        .toFile(file)
  const seen = [0, 0, -1, 1, 2, 2]
  const own = [
    evaluated('inception-v4', 1, { '1': predicting([0, 0, 0, 0, 2, 2], seen) }),
    evaluated('inception-v4', 2, { '1': predicting([1, 1, 1, 1, 1, 1], seen) }),
    evaluated('inception-resnet-v2', 1, { '1': predicting([0, 0, 0, 1, 2, 1], seen) }),
  ]
  const samples = await samplesOf(own, val)
  assert.deepEqual(
    samples.map(({ name, label }) => [name, label]),
    [
      ['0.png', 'circle'],
      ['1.png', 'circle'],
      ['4.png', 'star'],
      ['3.png', 'cross'],
      ['5.png', 'star'],
    ],
  )
  const [network, residual] = samples[3]!.predictions
  assert.deepEqual([network!.network, network!.best[0]], ['inception-v4', { label: 'circle', probability: 1 }])
  assert.deepEqual([residual!.network, residual!.best[0]!.label], ['inception-resnet-v2', 'cross'])
  assert.deepEqual(await samplesOf([], val), [])

  const [confusion] = confusionsOf(own, val)
  assert.deepEqual(confusion, {
    network: 'inception-v4',
    classes,
    counts: [
      [2, 0, 0],
      [1, 0, 0],
      [0, 0, 2],
    ],
    pairs: [{ label: 'cross', predicted: 'circle', images: 1 }],
  })
})
