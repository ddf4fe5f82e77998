import assert from 'node:assert/strict'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { openSplit } from '../../src/data/class-folder.js'
import { openEvaluationData, openTrainingData } from '../../src/data/sources/open.js'
import { temporaryFolder, writeTree } from './picture.js'

const nothing = new Uint8Array(0)
const tells = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && !error.message.includes('\n') && message.test(error.message)

test('classes and files are sorted by code unit; other files and hidden ones are passed over', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, {
    'b/2.PNG': nothing,
    'b/10.jpeg': nothing,
    'b/notes.txt': nothing,
    'b/.hidden.jpg': nothing,
    'é/x.webp': nothing,
    'Z/deep/er/q.Jpg': nothing,
    'Z/a.jpg': nothing,
    '.cache/x.jpg': nothing,
    'dataset.json': nothing,
  })
  let folders = 0
  const set = await openSplit(root, { onProgress: () => folders++ })
  assert.equal(folders, 3)
  assert.deepEqual(set.classes, ['Z', 'b', 'é'])
  assert.deepEqual(
    set.items.map(item => [path.relative(root, item.path), item.label]),
    [
      ['Z/a.jpg', 0],
      ['Z/deep/er/q.Jpg', 0],
      ['b/10.jpeg', 1],
      ['b/2.PNG', 1],
      ['é/x.webp', 2],
    ],
  )
})

test('images in formats that are not read are listed, so that none is lost unseen', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, { 'a/1.jpg': nothing, 'a/2.gif': nothing, 'a/3.bmp': nothing })
  assert.equal((await openSplit(root)).items.length, 3)
})

test('train and val are opened together and need the same classes', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, { 'train/a/1.jpg': nothing, 'train/b/1.jpg': nothing, 'val/a/1.jpg': nothing })
  await assert.rejects(openTrainingData(root), tells(/classes|class folders differ: only .*train has b/))
  await writeTree(root, { 'val/b/9.jpg': nothing })
  const { train, val } = await openTrainingData(root)
  assert.deepEqual(train.classes, val.classes)
  assert.deepEqual([train.items.length, val.items.length], [2, 2])
  assert.equal((await openEvaluationData(root)).root, path.join(root, 'val'))
  assert.equal((await openEvaluationData(path.join(root, 'train'))).items.length, 2)
})

test('a missing, empty or wrong folder is named', async t => {
  const root = await temporaryFolder(t)
  await assert.rejects(openSplit(path.join(root, 'none')), tells(/none does not exist/))
  await assert.rejects(openTrainingData(path.join(root, 'none')), tells(/none does not exist/))
  await assert.rejects(openSplit(root), tells(/is empty/))
  await assert.rejects(openTrainingData(root), tells(/has no folder 'train'/))
  await writeTree(root, { 'train/a/1.jpg': nothing })
  await assert.rejects(openTrainingData(root), tells(/has no folder 'val'/))
  await assert.rejects(openEvaluationData(root), tells(/'train' but no 'val'/))
  await assert.rejects(openSplit(path.join(root, 'train/a/1.jpg')), tells(/is a file, not a folder/))
  await assert.rejects(openSplit(path.join(root, 'train/a')), tells(/holds 1 images but no class folders/))
})

test('a class with no images is named', async t => {
  const root = await temporaryFolder(t)
  await writeTree(root, { 'a/1.jpg': nothing, 'b/readme.md': nothing })
  await assert.rejects(openSplit(root), tells(/class folder .*b has no images/))
})

test('links are followed, circles end, links to nothing are told', async t => {
  const root = await temporaryFolder(t)
  const split = path.join(root, 'split')
  await writeTree(root, { 'split/a/1.jpg': nothing, 'elsewhere/2.jpg': nothing, 'elsewhere/more/3.jpg': nothing })
  await symlink(path.join(root, 'elsewhere'), path.join(split, 'b'))
  await symlink(path.join(root, 'elsewhere/2.jpg'), path.join(split, 'a/linked.jpg'))
  await symlink('..', path.join(root, 'elsewhere/more/circle'))
  await symlink('self', path.join(split, 'a/self'))
  await symlink('gone.jpg', path.join(split, 'a/broken.jpg'))
  const set = await openSplit(split)
  assert.deepEqual(
    set.items.map(item => path.relative(split, item.path)),
    ['a/1.jpg', 'a/broken.jpg', 'a/linked.jpg', 'b/2.jpg', 'b/more/3.jpg'],
  )
  await symlink('nowhere', path.join(split, 'c'))
  await assert.rejects(openSplit(split), tells(/c is a link to nothing/))
})

test('a folder that may not be read is named', { skip: process.getuid?.() === 0 && 'root may read all' }, async t => {
  const root = await temporaryFolder(t)
  await mkdir(path.join(root, 'a'))
  await writeFile(path.join(root, 'a/1.jpg'), '')
  await chmod(path.join(root, 'a'), 0)
  try {
    await assert.rejects(openSplit(root), tells(/a: permission denied/))
  } finally {
    await chmod(path.join(root, 'a'), 0o700)
  }
})
