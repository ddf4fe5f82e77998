import assert from 'node:assert/strict'
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import fc from 'fast-check'
import { imagesOf, indexPlaces } from '../../../src/data/sources/file-index.js'
import type { FileForm } from '../../../src/data/sources/found-image.js'
import { temporaryFolder } from '../picture.js'

/** A form whose files hold an image a byte, and which counts how often it looks one through. */
function countingForm(title = 'bytes') {
  const form = {
    title,
    scans: 0,
    lists: false,
    accepts: () => true,
    *scan(input: Parameters<FileForm['scan']>[0]) {
      form.scans++
      const bytes = input.read(0, input.size)
      for (const [begin, byte] of bytes.entries())
        yield {
          name: `${begin}`,
          label: `${byte}`,
          part: {
            begin,
            size: 1,
            ...(begin < 300 && { packing: { codec: 'zstd' as const, unpacked: begin, begin: 2, size: 1 } }),
          },
          ...(begin % 2 && { boxes: [0, 0.25, 1, 1] }),
        }
    },
  }
  return form
}

async function setting(t: TestContext) {
  const folder = await temporaryFolder(t)
  const file = path.join(folder, 'a.bin')
  await writeFile(file, Buffer.from(Array.from({ length: 9000 }, (_, i) => i % 256)))
  const env = { INCEPTION_CACHE: path.join(folder, 'cache') }
  return { file, env, places: indexPlaces(file, env) }
}

test('a file is looked through once, until it changes', async t => {
  const { file, env } = await setting(t)
  const form = countingForm()
  const first = await imagesOf(file, form, {}, env)
  assert.equal(first.length, 9000)
  assert.deepEqual(first[257], {
    name: '257',
    label: '1',
    part: { begin: 257, size: 1, packing: { codec: 'zstd', unpacked: 257, begin: 2, size: 1 } },
    boxes: [0, 0.25, 1, 1],
  })
  assert.deepEqual(await imagesOf(file, form, {}, env), first)
  assert.equal(form.scans, 1)
  await utimes(file, 1, 1)
  await imagesOf(file, form, {}, env)
  assert.equal(form.scans, 2, 'another time of change')
  await truncate(file, 10)
  await utimes(file, 1, 1)
  assert.equal((await imagesOf(file, form, {}, env)).length, 10)
  const other = countingForm('other bytes')
  await imagesOf(file, other, {}, env)
  assert.equal(other.scans, 1, 'another form')
})

test('a damaged index is made again', async t => {
  const { file, env, places } = await setting(t)
  const form = countingForm()
  const expected = await imagesOf(file, form, {}, env)
  const whole = await readFile(places[0])
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, by, cut) => {
      const damaged = Buffer.from(whole)
      damaged[at] = damaged[at]! ^ by
      await writeFile(places[0], cut ? whole.subarray(0, at) : damaged)
      assert.deepEqual(await imagesOf(file, form, {}, env), expected)
      assert.deepEqual(await readFile(places[0]), whole)
    }),
    { numRuns: 20 },
  )
  assert.equal(form.scans, 21)
})

test('where nothing can be written beside the file, the index is in the cache; where nowhere, it is done without', async t => {
  const { file, env, places } = await setting(t)
  // A file in the folder's place keeps even root from writing there.
  await writeFile(path.dirname(places[0]), '')
  const form = countingForm()
  const expected = await imagesOf(file, form, {}, env)
  assert.deepEqual(await imagesOf(file, form, {}, env), expected)
  assert.equal(form.scans, 1)
  assert.deepEqual(await readdir(path.dirname(places[1])), [path.basename(places[1])])
  await rm(env.INCEPTION_CACHE, { recursive: true })
  await writeFile(env.INCEPTION_CACHE, '')
  assert.deepEqual(await imagesOf(file, form, {}, env), expected)
  assert.equal(form.scans, 2)
})

test('looking through a large file tells how far it is, and stops where it is told to', async t => {
  const { file, env, places } = await setting(t)
  const slow: FileForm = {
    ...countingForm(),
    *scan(input) {
      for (let begin = 0; begin < input.size; begin++) {
        const until = performance.now() + 5
        while (performance.now() < until);
        yield { name: `${begin}`, label: '', part: { begin, size: 1 } }
      }
    },
  }
  const controller = new AbortController()
  const heard: string[] = []
  const onProgress = (what: string, done: number, total: number) => {
    assert.ok(done < total)
    heard.push(what)
    // As Ctrl-C would, between two breaks.
    if (heard.length === 2) setTimeout(() => controller.abort(new Error('stop')))
  }
  await assert.rejects(imagesOf(file, slow, { onProgress, signal: controller.signal }, env), /^Error: stop$/)
  assert.match(heard[0]!, /^looking through a\.bin, MB$/)
  assert.ok(heard.length < 100)
  for (const place of places) await assert.rejects(readFile(place), { code: 'ENOENT' })
})
