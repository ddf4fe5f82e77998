import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { decodeFile } from '../../src/data/decode.js'
import { openTrainingData } from '../../src/data/sources/open.js'
import { writeSynth } from '../../src/data/synth/folder.js'
import { classNames, draw } from '../../src/data/synth/scene.js'
import { defaultSynthSettings } from '../../src/data/synth/settings.js'
import { shapes } from '../../src/data/synth/shape.js'
import { temporaryFolder } from './picture.js'

const scene = { seed: 1, split: 'train', className: 'disc-stripes', index: 0, size: 64, difficulty: 0.5 } as const
const small = { ...defaultSynthSettings, train: 30, val: 12, size: 32 }
const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

test('neither shape nor texture alone tells the class', () => {
  const names = classNames(10)
  assert.equal(new Set(names).size, 10)
  assert.deepEqual(names, names.toSorted())
  for (const part of [0, 1]) {
    const counts = new Map<string, number>()
    for (const name of names) counts.set(name.split('-')[part]!, (counts.get(name.split('-')[part]!) ?? 0) + 1)
    assert.ok([...counts.values()].every(count => count >= 2))
  }
  assert.equal(new Set(classNames(25)).size, 25)
})

test('a scene is the same bytes everywhere', () => {
  const hash = createHash('sha256')
  for (const className of classNames(25))
    for (const split of ['train', 'val'] as const)
      for (const difficulty of [0, 0.5, 1]) {
        const { rgb, quality } = draw({ ...scene, className, split, difficulty })
        assert.equal(rgb.length, 64 * 64 * 3)
        assert.ok(quality >= 60 && quality <= 95)
        hash.update(rgb).update(String(quality))
      }
  // Pins the drawing: a change here is a new version of the data set (see `version` in folder.ts).
  assert.equal(hash.digest('hex'), 'ff8628eadd7eead363e27928d65fb74aac6cfdb620d898b15890055b9e24a7b0')
})

test('seed, split, class and number each change the picture', () => {
  const plain = draw(scene).rgb
  for (const change of [{ seed: 2 }, { split: 'val' }, { className: 'disc-checks' }, { index: 1 }] as const)
    assert.notDeepEqual(draw({ ...scene, ...change }).rgb, plain)
  assert.throws(() => draw({ ...scene, className: 'disc-plaid' }), RangeError)
})

test('no outline reaches further than the painter looks', () => {
  for (const outline of Object.values(shapes))
    for (let i = 0; i < 360; i++) {
      const angle = (i * Math.PI) / 180
      assert.ok(outline(1.201 * Math.cos(angle), 1.201 * Math.sin(angle)) > -1e-3)
    }
})

test('the tree is a data folder of JPEG files, the same for any number of workers', async t => {
  const root = await temporaryFolder(t)
  const counts: number[] = []
  const one = await writeSynth(path.join(root, 'deep/one'), small, { workers: 1, onProgress: n => counts.push(n) })
  const two = await writeSynth(path.join(root, 'two'), small, { workers: 2 })
  assert.deepEqual([one.written, two.written], [true, true])
  assert.deepEqual(two.description, one.description)
  assert.equal(counts.at(-1), 42)
  const { train, val } = await openTrainingData(path.join(root, 'deep/one'))
  assert.deepEqual(train.classes, classNames(10))
  assert.deepEqual([train.items.length, val.items.length], [30, 12])
  // 12 over 10 classes: two for the first two.
  assert.equal(val.items.filter(item => item.label === 0).length, 2)
  assert.equal(val.items.filter(item => item.label === 9).length, 1)
  for (const item of train.items) {
    const other = item.path.replace(path.join(root, 'deep/one'), path.join(root, 'two'))
    assert.deepEqual(await readFile(other), await readFile(item.path))
  }
  const { width, height } = await decodeFile(train.items[0]!.path)
  assert.deepEqual([width, height], [32, 32])
  assert.deepEqual((await readdir(root)).toSorted(), ['deep', 'two'])
})

test('the same settings again write nothing; others are refused by name', async t => {
  const folder = path.join(await temporaryFolder(t), 'data')
  await mkdir(folder)
  const first = await writeSynth(folder, small)
  assert.equal(first.written, true)
  const again = await writeSynth(folder, small)
  assert.deepEqual(again, { description: first.description, written: false })
  await assert.rejects(
    writeSynth(folder, { ...small, seed: 2, train: 40 }),
    tells(/already holds other synthetic data \(seed 1 instead of 2, train 30 instead of 40\)/),
  )
  await writeFile(path.join(folder, 'dataset.json'), '{"generator":"another"}')
  await assert.rejects(writeSynth(folder, small), tells(/dataset\.json is no description/))
  await rm(path.join(folder, 'dataset.json'))
  await assert.rejects(writeSynth(folder, small), tells(/holds files that are no synthetic data set/))
})

test('a place that cannot be written is told, and nothing is left behind', async t => {
  const root = await temporaryFolder(t)
  await writeFile(path.join(root, 'file'), 'x')
  await assert.rejects(writeSynth(path.join(root, 'file'), small), tells(/is a file/))
  await assert.rejects(writeSynth(path.join(root, 'file/under'), small), tells(/is a file/))
  const controller = new AbortController()
  const run = { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) }
  await assert.rejects(writeSynth(path.join(root, 'data'), { ...small, train: 400 }, run), /enough/)
  assert.deepEqual(await readdir(root), ['file'])
})

test('settings out of range are refused', async t => {
  const folder = path.join(await temporaryFolder(t), 'data')
  for (const change of [
    { seed: -1 },
    { train: 9 },
    { val: 3 },
    { classes: 1 },
    { classes: 26 },
    { size: 8 },
    { difficulty: 1.1 },
    { difficulty: Number.NaN },
  ])
    await assert.rejects(writeSynth(folder, { ...small, ...change }), (error: unknown) => {
      assert.ok(error instanceof UserError && error.exitCode === 2)
      return true
    })
})
