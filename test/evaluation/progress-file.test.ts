import assert from 'node:assert/strict'
import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import {
  cachedProgressFolder,
  ownProgressFile,
  progressFile,
  progressFilesOf,
} from '../../src/evaluation/progress-file.js'
import { temporaryFolder } from '../data/picture.js'

test('the same evaluation has the same file, every other one another', () => {
  const file = progressFile('out', ['weights', 'a.jpg', 'b.jpg'])
  assert.equal(progressFile('out', ['weights', 'a.jpg', 'b.jpg']), file)
  assert.equal(path.dirname(file), 'out')
  const others = [['weights', 'a.jpg'], ['weights', 'a.jpgb.jpg'], ['weights2', 'a.jpg', 'b.jpg'], []]
  assert.equal(new Set([file, ...others.map(words => progressFile('out', words))]).size, 5)
})

test('each replica has a file of its own, and all are found, of any number of them', async t => {
  const folder = await temporaryFolder(t)
  const file = path.join(folder, 'a+b.progress')
  const own = ownProgressFile(file, { rank: 1, size: 3 })
  assert.equal(own, path.join(folder, 'a+b.2-of-3.progress'))
  assert.equal(ownProgressFile(file, { rank: 0, size: 1 }), file)
  for (const name of [
    file,
    own,
    ...['a+b.2-of-3', 'a+b.x.progress', 'a+bc.progress', 'c.2-of-3.progress'].map(other => path.join(folder, other)),
  ])
    writeFileSync(name, '')
  assert.deepEqual(progressFilesOf(file), [own, file])
  assert.deepEqual(progressFilesOf(path.join(folder, 'none', 'a.progress')), [])
})

test('progress that nobody went on with for a month is removed from the cache, and nothing else', async t => {
  const cache = await temporaryFolder(t)
  const folder = cachedProgressFolder({ INCEPTION_CACHE: cache })!
  assert.equal(folder, path.join(cache, 'evaluations'))
  const now = Date.UTC(2026, 5, 30)
  const aged = (name: string, days: number) => {
    const file = path.join(folder, name)
    writeFileSync(file, '')
    utimesSync(file, now / 1000, now / 1000 - days * 86_400)
    return file
  }
  const files = [aged('old.progress', 31), aged('new.progress', 29), aged('old.txt', 31)]
  assert.equal(cachedProgressFolder({ INCEPTION_CACHE: cache }, now), folder)
  assert.deepEqual(
    files.map(file => existsSync(file)),
    [false, true, true],
  )
})

test('without a cache folder to write to there is none', async t => {
  const folder = await temporaryFolder(t)
  writeFileSync(path.join(folder, 'file'), '')
  assert.equal(cachedProgressFolder({ INCEPTION_CACHE: path.join(folder, 'file') }), undefined)
})
