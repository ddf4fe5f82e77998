import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { readSettings } from '../../src/training/run-folder.js'
import { annotationOf } from '../data/sources/annotations.js'
import { classes, drawMiniature, forms } from '../data/sources/miniature.js'
import { type Files, tarOf } from '../data/sources/writers.js'
import { sha256, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

const root = temporaryFolder()
const images = await drawMiniature()
const at = (...names: string[]) => path.join(root, ...names)

const train = (data: string, ...more: string[]) =>
  inception(
    [
      'train',
      ...tinyModelFlags,
      ...'--batch 4 --steps 2 --watch-steps 0 --data'.split(' '),
      data,
      '--out',
      `${data}-run`,
      ...more,
    ],
    { cwd: root },
  )
const checkpointIn = (run: string) => at(run, 'checkpoints', readdirSync(at(run, 'checkpoints')).at(-1)!)

const tables = ['JSON Lines', 'folders with metadata']

let expected: string | undefined
for (const form of [
  'class folders',
  'archives of ILSVRC',
  'TFRecords',
  'shards of WebDataset',
  'Parquet files',
  'CSV tables',
  ...tables,
])
  test(`a network trained on ${form} has the same bits`, async () => {
    const data = form.replaceAll(' ', '-')
    await forms[form]!(at(data), images)
    // Crops that look at boxes are others, and only records have boxes.
    assertDone(await train(data, ...(form === 'TFRecords' ? ['--boxes', 'none'] : [])))
    const found = sha256(checkpointIn(`${data}-run`))
    expected ??= found
    assert.equal(found, expected)
  })

test('tables of images are inspected and evaluated', async () => {
  const command = (...args: string[]) => inception(args, { cwd: root })
  for (const form of tables) {
    const data = form.replaceAll(' ', '-')
    const [inspected, evaluated] = await Promise.all([
      command('data', 'inspect', data, '--json'),
      command('evaluate', '--checkpoint', `${data}-run`, '--data', data, '--json'),
    ])
    assert.deepEqual(
      JSON.parse(assertDone(inspected).stdout).splits.map((split: { images: number; classes: object }) => [
        split.images,
        split.classes,
      ]),
      [
        [12, { n01440764: 4, n02119789: 4, n07714990: 4 }],
        [6, { n01440764: 2, n02119789: 2, n07714990: 2 }],
      ],
    )
    assert.equal(JSON.parse(assertDone(evaluated).stdout).members[0].images, 6)
  }
  writeFileSync(at('JSON-Lines', 'val', 'metadata.jsonl'), '{"file_name": "a.jpg", "text": "a cat"}\n')
  const refused = await command('data', 'inspect', 'JSON-Lines')
  assertRefused(refused, 1, /val\/metadata\.jsonl, line 1: there is no class: give a path/)
})

test('from which number classes count can be said where it cannot be told, and what contradicts it is refused', async () => {
  const rows = (split: keyof typeof images) =>
    images[split].map(({ name, wnid }) => `../CSV-tables/images/${name},${classes.indexOf(wnid as never) + 1}\n`)
  mkdirSync(at('numbers'))
  for (const split of ['train', 'val'] as const)
    writeFileSync(at('numbers', `${split}.csv`), `path,label\n${rows(split).join('')}`)
  writeFileSync(at('numbers', 'classes.txt'), 'ant\ntench\nfox\ncabbage\nyak\n')
  assertRefused(await train('numbers'), 1, /it cannot be told whether they count from 0 or 1: say so \(--labels\), or/)
  assertDone(await train('numbers', '--labels', 'from-zero'))
  assert.equal(readSettings(at('numbers-run')).labels, 'from-zero')
  assertDone(await inception(['train', '--resume', 'numbers-run'], { cwd: root }))
  const evaluate = (labels: string) =>
    inception(['evaluate', '--checkpoint', 'numbers-run', '--data', 'numbers', '--labels', labels], { cwd: root })
  assertDone(await evaluate('from-zero'))
  writeFileSync(at('numbers', 'classes.txt'), 'tench\nfox\ncabbage\nyak\n')
  assertRefused(await evaluate('from-one'), 1, /is of 5 classes and numbers has 4: 'ant' is not in both/)
})

const boxesOf = (run: string) => readSettings(at(run)).boxes

test('crops look at the boxes of records unless told not to; those of a table in their place are the same', async () => {
  assert.equal(boxesOf('TFRecords-run'), 'none')
  rmSync(at('TFRecords-run'), { recursive: true })
  const { stderr } = assertDone(await train('TFRecords'))
  assert.match(stderr, /^inception: crops look at the boxes that 12 images come with \(--boxes none: without\)$/m)
  assert.equal(boxesOf('TFRecords-run'), 'data')
  assert.notEqual(sha256(checkpointIn('TFRecords-run')), expected)

  const objects = [['any', [10, 0, 30, 20]] as const, ['any', [20, 0, 20, 40]] as const]
  const annotations = images.train.map(({ name, wnid }): Files[number] => [
    `${wnid}/${name.replace('.JPEG', '.xml')}`,
    annotationOf([40, 40], ...objects),
  ])
  writeFileSync(at('ILSVRC2012_bbox_train_v2.tar.gz'), gzipSync(tarOf(annotations)))
  rmSync(at('archives-of-ILSVRC-run'), { recursive: true })
  assertDone(await train('archives-of-ILSVRC', '--boxes', 'ILSVRC2012_bbox_train_v2.tar.gz'))
  // Their files are not alike: a checkpoint knows of boxes that come with the images.
  using ours = readCheckpoint(checkpointIn('archives-of-ILSVRC-run'))
  using theirs = readCheckpoint(checkpointIn('TFRecords-run'))
  assert.deepEqual(ours.names, theirs.names)
  for (const name of ours.names) assert.deepEqual(ours.tensor(name), theirs.tensor(name), name)
})

test('boxes that are not there, or not looked at, are told', async () => {
  const refused = async (message: RegExp, ...more: string[]) =>
    assertRefused(await train('CSV-tables', ...more), 2, message)
  rmSync(at('CSV-tables-run'), { recursive: true })
  await refused(/come with no boxes: give a file/, '--boxes', 'data')
  await refused(/timm's look at no objects/, '--boxes', 'ILSVRC2012_bbox_train_v2.tar.gz', '--augment', 'timm')
})

test("ILSVRC's archives are evaluated without the images of its blacklist, by their numbers", async () => {
  writeFileSync(at('blacklist.txt'), '2\n6\n')
  const args = ['evaluate', '--checkpoint', 'archives-of-ILSVRC-run', '--data', 'archives-of-ILSVRC', '--json']
  const { stdout } = assertDone(await inception([...args, '--exclude', 'blacklist.txt'], { cwd: root }))
  assert.equal(JSON.parse(stdout).subset.images, 4)
})

test("a study of ILSVRC's archives leaves out its blacklist, and its crops look at the boxes given", async () => {
  const model = { network: 'inception-resnet-v1', size: 75, width: 0.0625, blocks: { a: 1, b: 1, c: 1 } }
  const contestants = [{ role: 'smaller', model }]
  const comparison = { contestants, seeds: [1], recipe: { epochs: 1, batch: 4 }, notes: {}, crops: [], ensembles: [] }
  const preset = { name: 'one', synth: null, instability: null, footprint: null, lanes: 1, comparison }
  writeFileSync(at('one.json'), JSON.stringify(preset))
  const about =
    '--data archives-of-ILSVRC --boxes ILSVRC2012_bbox_train_v2.tar.gz --labels auto --exclude blacklist.txt'
  const reproduce = async (...more: string[]) =>
    assertDone(await inception(['reproduce', '--preset', 'one.json', ...about.split(' '), ...more], { cwd: root }))
  const { stdout } = await reproduce('--dry-run')
  assert.match(stdout, /^Inception-ResNet-v1 +1 +\d+ +\d+ ms /m)
  // Four batches of four inputs of 75×75, and the cache.
  assert.match(stdout, /in all, .* of memory and at most 513\.0\d MiB for images, /)
  assert.ok(!existsSync(at('runs')))
  await reproduce()
  const study = path.join('runs', 'one')
  const { networks } = JSON.parse(readFileSync(at(study, 'result.json'), 'utf8'))
  assert.equal(networks[0].runs[0].errors['1'].images, 4)
  const run = path.join(study, 'inception-resnet-v1', 'seed-1')
  assert.deepEqual(boxesOf(run), boxesOf('archives-of-ILSVRC-run'))
  assert.match(networks[0].runs[0].commands[0], / --boxes ILSVRC2012_bbox_train_v2\.tar\.gz /)
})

test('a damaged image in an archive is named with the archive, and can be left out', async () => {
  const file = at('archives-of-ILSVRC', 'ILSVRC2012_img_train.tar')
  const bytes = readFileSync(file)
  const [, , third] = images.train
  bytes.fill(0, bytes.indexOf(third!.bytes), bytes.indexOf(third!.bytes) + 9)
  writeFileSync(file, bytes)
  rmSync(at('archives-of-ILSVRC-run'), { recursive: true })
  const name = `ILSVRC2012_img_train.tar › ${third!.wnid}/${third!.name}`
  const refused = await train('archives-of-ILSVRC', '--steps', '3')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, new RegExp(`^inception: bad image .*${name}: the content is no JPEG.*\n$`, 'm'))
  rmSync(at('archives-of-ILSVRC-run'), { recursive: true, force: true })
  const { stderr } = assertDone(await train('archives-of-ILSVRC', '--steps', '3', '--bad-images', 'skip'))
  assert.match(stderr, new RegExp(name))
})
