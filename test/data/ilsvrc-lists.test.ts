import assert from 'node:assert/strict'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { readGroundTruth } from '../../src/data/ground-truth.js'
import { openDevkit } from '../../src/data/ilsvrc-devkit.js'
import { ilsvrcLists } from '../../src/data/ilsvrc-lists.js'
import { imagenetClasses } from '../../src/data/imagenet-classes.js'
import { readSynsets } from '../../src/data/synsets.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { temporaryFolder } from './picture.js'
import { annotationOf } from './sources/annotations.js'
import { devkitOf, tarOf } from './sources/writers.js'

const sorted = imagenetClasses.map(({ wnid }) => wnid)
/** IDs in no order of names, as the kit's. */
const byId = [...new RandomStream(1, 'ids').permutation(sorted.length)].map(i => sorted[i]!)
const truth = [3, 1000, 1, 3, 77]

test("the lists are what the other commands' options read, and agree with the library's classes", async t => {
  const cwd = await temporaryFolder(t)
  await writeFile(path.join(cwd, 'ILSVRC2012_devkit_t12.tar.gz'), devkitOf(byId, truth))
  const ilsvrc = (...args: string[]) => inception(['data', 'ilsvrc', ...args], { cwd })
  const { stdout, stderr } = assertDone(await ilsvrc('ILSVRC2012_devkit_t12.tar.gz', '--out', 'lists'))
  assert.match(stdout, /: 1,000 classes and the labels of 5 validation images$/m)
  assert.equal(stderr, '')
  const at = (name: string) => path.join(cwd, 'lists', name)
  assert.deepEqual(
    readSynsets(at('synsets.txt'), sorted).labels,
    byId.map(wnid => sorted.indexOf(wnid)),
  )
  const paths = truth.map((_, i) => `${i}.JPEG`)
  assert.deepEqual(
    readGroundTruth(at('val-labels.txt'), { root: 'val', paths }, sorted, undefined).items.map(item => item.label),
    truth.map(id => sorted.indexOf(byId[id - 1]!)),
  )
  assert.deepEqual(
    (await readFile(at('classes.txt'), 'utf8')).trimEnd().split('\n'),
    imagenetClasses.map(({ wnid, name }) => `${wnid} ${name}`),
  )
  const wnid = sorted[0]!
  const annotation = annotationOf([64, 64], [wnid, [16, 16, 32, 64]], [wnid, [0, 0, 64, 64]])
  await writeFile(path.join(cwd, 'boxes.tar.gz'), gzipSync(tarOf([[`${wnid}/${wnid}_7.xml`, annotation]])))
  const withBoxes = (boxes: string) => ilsvrc('ILSVRC2012_devkit_t12.tar.gz', '--out', 'more', '--boxes', boxes)
  await mkdir(path.join(cwd, 'empty'))
  assertRefused(await withBoxes('empty'), 1, /empty holds no boxes: give ILSVRC2012_bbox_train_v2\.tar\.gz/)
  assert.match(assertDone(await withBoxes('boxes.tar.gz')).stdout, /validation images, 2 boxes in 1 images$/m)
  assert.equal(
    await readFile(path.join(cwd, 'more/boxes.csv'), 'utf8'),
    `${wnid}_7.JPEG,0.2500,0.2500,0.5000,1.0000\n${wnid}_7.JPEG,0.0000,0.0000,1.0000,1.0000\n`,
  )
  assertRefused(await ilsvrc('ILSVRC2012_devkit_t12.tar.gz', '--out', 'lists'), 2, /lists is not empty/)
  assertRefused(await ilsvrc('nowhere', '--out', 'other'), 1, /nowhere is no ILSVRC2012_devkit_t12: give /)
})

test('a kit is found by its archive, by its folder and in the folder around it', async t => {
  const root = await temporaryFolder(t)
  const wnids = ['n02', 'n01']
  const archive = path.join(root, 'renamed.tar.gz')
  await writeFile(archive, devkitOf(wnids, [2]))
  assert.deepEqual((await openDevkit(archive)).wnids, wnids)
  await rename(archive, path.join(root, 'ILSVRC2012_devkit_t12.tar.gz'))
  const { files, isImagenet } = ilsvrcLists(await openDevkit(root))
  assert.equal(isImagenet, false)
  assert.deepEqual(files, { 'synsets.txt': 'n02\nn01\n', 'classes.txt': 'n01\nn02\n', 'val-labels.txt': 'n01\n' })
  await mkdir(path.join(root, 'empty'))
  for (const none of ['empty', 'none', 'none.tar.gz'])
    await assert.rejects(openDevkit(path.join(root, none)), UserError, none)
})
