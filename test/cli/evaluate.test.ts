import assert from 'node:assert/strict'
import { cpSync, readdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { openEvaluationData } from '../../src/data/class-folder.js'
import { evaluatorOf } from '../../src/evaluation/checkpoint-evaluator.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import type { EvaluationEvent } from '../../src/training/events.js'
import { readEventLog } from '../../src/training/sinks/jsonl.js'
import { drawTinyData, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

process.env.OMP_NUM_THREADS = '1'

const root = temporaryFolder()
const data = await drawTinyData(path.join(root, 'data'))
const recipe = ['--batch', '4', '--learning-rate', '0.01', '--norm-decay', '0.9', '--average-decay', '0.9']
for (const [run, seed, epochs] of [
  ['one', '1', '4'],
  ['two', '2', '3'],
] as const)
  assertDone(
    await inception(
      ['train', ...tinyModelFlags, ...recipe, '--data', 'data', '--seed', seed, '--epochs', epochs, '--out', run],
      { cwd: root },
    ),
  )

const newest = (run: string) => {
  const folder = path.join(run, 'checkpoints')
  return path.join(folder, readdirSync(path.join(root, folder)).sort().at(-1)!)
}
const evaluate = (...args: string[]) => inception(['evaluate', ...args], { cwd: root })
const evaluateJson = async (...args: string[]) => JSON.parse(assertDone(await evaluate(...args, '--json')).stdout)

test('a checkpoint by itself gives the numbers of the last evaluation of its run', async () => {
  const { members, badImages, crops, ensemble } = await evaluateJson('--checkpoint', 'one', '--data', 'data')
  assert.deepEqual({ badImages, crops, ensemble }, { badImages: [], crops: 1, ensemble: undefined })
  const log = readEventLog(path.join(root, 'one', 'events.jsonl'))
  const last = log.findLast(event => event.type === 'evaluation') as EvaluationEvent
  const { top1Error, top5Error, loss, images } = last
  assert.equal(last.step, 24)
  assert.deepEqual(members, [{ checkpoint: newest('one'), top1Error, top5Error, loss, images }])
})

test('a file, a run folder, and a folder of class folders say the same', async () => {
  const byRun = await evaluateJson('--checkpoint', 'one', '--data', 'data')
  const byFile = await evaluateJson('--checkpoint', newest('one'), '--data', path.join('data', 'val'))
  assert.deepEqual(byFile, byRun)
})

test('an ensemble is the mean of its members’ probabilities', async () => {
  const files = ['one', 'two'].map(newest)
  const result = await evaluateJson('--checkpoint', ...files, '--data', 'data')
  const images = await openEvaluationData(data)
  const backend = openBackend('auto', () => {})
  const singles: Float32Array[] = []
  let labels = new Int32Array()
  for (const file of files) {
    using checkpoint = readCheckpoint(path.join(root, file))
    const precision = result.precision
    await using evaluator = evaluatorOf(checkpoint, { backend, precision, images, badImages: 'error' })
    const { predictions } = await evaluator.run()
    singles.push(predictions.probabilities)
    labels = predictions.labels.slice()
  }
  const [a, b] = singles as [Float32Array, Float32Array]
  for (let row = 0; row < a.length; row += 3)
    assert.ok(Math.abs(a[row]! + a[row + 1]! + a[row + 2]! - 1) < 1e-5, 'probabilities add up to one')
  let wrong = 0
  let loss = 0
  for (const [i, label] of labels.entries()) {
    const mean = [0, 1, 2].map(k => (a[3 * i + k]! + b[3 * i + k]!) / 2)
    if (mean.indexOf(Math.max(...mean)) !== label) wrong++
    loss -= Math.log(mean[label]!) / labels.length
  }
  assert.equal(result.members.length, 2)
  assert.deepEqual([result.ensemble.top1Error, result.ensemble.top5Error], [wrong / 12, 0])
  assert.ok(Math.abs(result.ensemble.loss - loss) < 1e-6)
  assert.notEqual(result.members[0].loss, result.members[1].loss)

  const { stdout } = assertDone(await evaluate('--checkpoint', 'one', 'two', '--data', 'data'))
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const row = stdout.split('\n').find(line => line.startsWith('ensemble of 2'))
  assert.equal(row?.replace(/\s+/g, ' '), `ensemble of 2 ${percent(wrong / 12)} 0.0 % 12`)
})

test('bad images stop an evaluation and are named, or are left out and listed', async () => {
  const folder = path.join(root, 'bad data')
  cpSync(data, folder, { recursive: true })
  const items = (await openEvaluationData(folder)).items.map(item => item.path)
  const [cut, text] = [items[2]!, items[7]!]
  truncateSync(cut, 700)
  writeFileSync(text, 'no image at all')
  assertRefused(
    await evaluate('--checkpoint', 'one', '--data', 'bad data'),
    1,
    /bad image .*: the image data is cut short/,
  )
  const args = ['--checkpoint', 'one', '--data', 'bad data', '--bad-images', 'skip']
  const { members, badImages } = await evaluateJson(...args)
  const relative = (file: string) => path.relative(root, file)
  assert.equal(members[0].images, 10)
  assert.deepEqual(badImages, [
    { path: relative(cut), reason: 'the image data is cut short or damaged' },
    { path: relative(text), reason: 'the content is no JPEG, PNG or WebP image' },
  ])
  const { stdout } = assertDone(await evaluate(...args))
  assert.ok(stdout.includes(`left out: ${relative(text)}: the content is no JPEG`), stdout)
})

test('what is no checkpoint, or one of other classes, is refused before anything is computed', async () => {
  const other = path.join(root, 'other data')
  cpSync(data, other, { recursive: true })
  const [first] = readdirSync(path.join(other, 'val')).sort()
  renameSync(path.join(other, 'val', first!), path.join(other, 'val', 'zebra'))
  cpSync(path.join(root, 'one'), path.join(root, 'damaged'), { recursive: true })
  for (const name of readdirSync(path.join(root, 'damaged', 'checkpoints')))
    truncateSync(path.join(root, 'damaged', 'checkpoints', name), 5000)
  const cases: [args: string[], message: RegExp][] = [
    [
      ['--checkpoint', 'one', '--data', 'other data'],
      /is of 3 classes and other data\/val has 3: 'zebra' is not in both/,
    ],
    [['--checkpoint', 'nowhere', '--data', 'data'], /cannot read nowhere: there is no such file/],
    [['--checkpoint', 'data', '--data', 'data'], /data is a folder without checkpoints/],
    [['--checkpoint', 'data/dataset.json', '--data', 'data'], /dataset.json is not a valid safetensors file/],
    [['--checkpoint', 'one', newest('damaged'), '--data', 'data'], /damaged\/checkpoints\/step-\d+.safetensors/],
    [['--checkpoint', 'one', '--data', 'nowhere'], /the data folder nowhere does not exist/],
  ]
  for (const [args, message] of cases) assertRefused(await evaluate(...args), 1, message)

  const ended = await evaluate('--checkpoint', 'damaged', '--data', 'data')
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /^inception: none of the 3 checkpoints in damaged\/checkpoints is whole/m)
})
