import assert from 'node:assert/strict'
import fs, { existsSync } from 'node:fs'
import { readFile, rm, symlink, truncate } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { UserError } from '../../../src/base/error.js'
import type { ImageSet } from '../../../src/data/class-folder.js'
import { Loader } from '../../../src/data/loader.js'
import { indexPlaces } from '../../../src/data/sources/file-index.js'
import { openEvaluationData, openHeld, openTrainingData } from '../../../src/data/sources/open.js'
import { writeDirt } from '../dirt.js'
import { temporaryFolder } from '../picture.js'
import { drawMiniature, forms, put } from './miniature.js'
import { exampleOf, recordsOf, tarOf, text } from './writers.js'

// What damaged and odd images do in files that hold or name many; of images in class folders the loader's tests tell.

const wnid = 'n01440764'

type Files = readonly (readonly [name: string, bytes: Uint8Array])[]

/** The same images of one class in each form that holds them. */
const holders: Readonly<Record<string, (folder: string, images: Files) => Promise<void>>> = {
  shards: (folder, images) =>
    put(
      path.join(folder, 'val-0.tar'),
      tarOf(
        images.flatMap(
          ([name, bytes]): Files => [
            [name, bytes],
            [`${name.slice(0, name.lastIndexOf('.'))}.cls`, Buffer.from(wnid)],
          ],
        ),
      ),
    ),
  'archives of classes': (folder, images) => put(path.join(folder, `${wnid}.tar`), tarOf(images)),
  TFRecords: (folder, images) =>
    put(
      path.join(folder, 'val-00000-of-00001'),
      recordsOf(
        images.map(([name, bytes]) =>
          exampleOf({
            'image/encoded': { bytes: [bytes] },
            'image/filename': text(name),
            'image/class/synset': text(wnid),
          }),
        ),
      ),
    ),
  'JSON Lines': async (folder, images) => {
    for (const [name, bytes] of images) await put(path.join(folder, 'images', name), bytes)
    const rows = images.map(([name]) => `${JSON.stringify({ path: `images/${name}`, label: wnid })}\n`)
    await put(path.join(folder, 'val.jsonl'), Buffer.from(rows.join('')))
  },
}

const setIn = async (folder: string): Promise<ImageSet> => {
  const { train, val } = (await openHeld(folder, ['train', 'val']))!
  return (val ?? train)!
}

/** What a pass gives: pixels by image, those that are bad by name without folders. */
async function passOver(set: ImageSet) {
  const preprocessing = { kind: 'views', crops: 'slim', size: 9 } as const
  await using loader = new Loader(set, { batch: 4, preprocessing, seed: 1, workers: 1, badImages: 'skip' })
  const pixels = new Map<string, string>()
  for await (const { count, labels, indices, images } of loader.pass())
    for (let i = 0; i < count; i++)
      if (labels[i] !== -1)
        pixels.set(nameOf(set.items[indices[i]!]!.path), images.subarray(i * 243, (i + 1) * 243).join())
  return { pixels, bad: new Map(loader.bad.map(note => [nameOf(note.path), note.reason])) }
}

const nameOf = (place: string): string => /[^/]*$/.exec(place.replaceAll(' › ', '/'))![0]

test('every kind of dirt in an archive, in records and in a table is what it is in a class folder', async t => {
  const root = await temporaryFolder(t)
  const dirt = await writeDirt(path.join(root, 'a'))
  const expected = await passOver(await openEvaluationData(root))
  assert.deepEqual([...expected.pixels.keys()].sort(), dirt.sound)
  // A link to nothing is no member of an archive.
  expected.bad.delete('gone.jpg')
  assert.equal(expected.bad.size, 4)
  const images = await Promise.all(
    [...expected.pixels.keys(), ...expected.bad.keys()].map(
      async name => [name, await readFile(path.join(root, 'a', name))] as const,
    ),
  )
  for (const [form, write] of Object.entries(holders)) {
    const folder = path.join(await temporaryFolder(t), 'größe 日本')
    await write(folder, images)
    await symlink('.', path.join(folder, 'data'))
    const found = await passOver(await setIn(folder))
    assert.deepEqual(found.pixels, expected.pixels, form)
    assert.deepEqual(found.bad, expected.bad, form)
  }
})

test('an archive that becomes shorter, or disappears, costs the images that lay in it', async t => {
  const folder = await temporaryFolder(t)
  await forms['archives of ILSVRC']!(folder, await drawMiniature())
  const set = await openEvaluationData(folder)
  const last = set.items.reduce((a, b) => (a.part!.begin > b.part!.begin ? a : b))
  await truncate(last.part!.file, last.part!.begin + 10)
  const { pixels, bad } = await passOver(set)
  assert.equal(pixels.size, 5)
  assert.match(bad.get(nameOf(last.path))!, /ILSVRC2012_img_val\.tar is cut short: it ends within the image/)
  await assert.rejects(openEvaluationData(folder), /ILSVRC2012_img_val\.tar is damaged: .* is cut short; get the file/)
  await rm(last.part!.file)
  const none = /^none of the images of .* can be decoded; the first is .*\.JPEG: the file does not exist/
  await assert.rejects(passOver(set), { name: 'UserError', message: none })
  const preprocessing = { kind: 'train', size: 16, colour: 'none' } as const
  await using loader = new Loader(set, { batch: 2, preprocessing, seed: 0, workers: 2, badImages: 'skip' })
  await assert.rejects(loader.steps(0, 1).next(), { name: 'UserError', message: none })
})

test('an error of the disk within an archive stops the work and names the archive', async t => {
  const folder = await temporaryFolder(t)
  await forms['archives of ILSVRC']!(folder, await drawMiniature())
  const set = await openEvaluationData(folder)
  // Reading another process's memory at 0, where nothing is, is an input/output error.
  const part = { file: '/proc/self/mem', begin: 0, size: 9 }
  const items = set.items.with(3, { path: 'mem › 3.JPEG', label: 0, part })
  await assert.rejects(passOver({ ...set, items }), { name: 'UserError', message: /: \/proc\/self\/mem: Error: EIO/ })
})

test('an error of the disk while an archive is looked through is told, and leaves no index', async t => {
  for (const form of ['archives of ILSVRC', 'TFRecords', 'shards of WebDataset']) {
    const folder = await temporaryFolder(t)
    await forms[form]!(folder, await drawMiniature())
    failRead(t, 25)
    const error = await openTrainingData(folder).catch((error: unknown) => error)
    t.mock.restoreAll()
    syncBuiltinESMExports()
    assert.ok(error instanceof UserError, String(error))
    const [, file] = /^cannot read (.*): the disk reports an input\/output error; .*\(EIO\)$/.exec(error.message) ?? []
    assert.ok(file, error.message)
    const [index] = indexPlaces(file, {})
    assert.ok(!existsSync(index), index)
    assert.equal((await openTrainingData(folder)).train.items.length, 12)
  }
})

/** Lets the read numbered `failing`, and all later ones, fail as a disk does. */
function failRead(t: TestContext, failing: number): void {
  const { readSync } = fs
  let reads = 0
  t.mock.method(fs, 'readSync', (...args: Parameters<typeof readSync>) => {
    if (++reads < failing) return readSync(...args)
    throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })
  })
  syncBuiltinESMExports()
}
