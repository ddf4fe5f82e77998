import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { UserError } from '../../src/base/error.js'
import { openSplit } from '../../src/data/class-folder.js'
import { Loader } from '../../src/data/loader.js'
import { TrainingOrder } from '../../src/data/order.js'
import { writeDirt } from './dirt.js'
import { evaluate, makeSet, options, pixels, takeAll, using } from './loader-runs.js'
import { temporaryFolder } from './picture.js'

test('a bad image stops the run by default, and the first of the batch is named', async t => {
  const set = await makeSet(t, [6, 9])
  for (const workers of [1, 3])
    await using(set, { preprocessing: evaluate, workers }, async loader => {
      const batches = loader.pass()
      assert.equal((await batches.next()).value?.count, 5)
      await assert.rejects(batches.next(), (error: unknown) => {
        assert.ok(error instanceof UserError)
        assert.match(
          error.message,
          /^bad image .*b\/2\.jpg: the image data is cut short or damaged; .*--bad-images skip/,
        )
        return true
      })
    })
})

test('evaluation with bad images skipped leaves them out, unmoved, and lists them', async t => {
  const set = await makeSet(t, [6, 9])
  await using(set, { preprocessing: evaluate, badImages: 'skip', workers: 2 }, async loader => {
    const batches = await takeAll(loader.pass())
    const labels = batches.flatMap(batch => batch.labels.slice(0, batch.count))
    assert.deepEqual(labels, [0, 0, 0, 0, 1, 1, -1, 1, 2, -1, 2, 2])
    assert.ok(batches[1]!.images.subarray(pixels, 2 * pixels).every(value => value === 0))
    assert.deepEqual(loader.bad, [
      { path: set.items[6]!.path, reason: 'the image data is cut short or damaged' },
      { path: set.items[9]!.path, reason: 'the image data is cut short or damaged' },
    ])
  })
})

test('training with bad images skipped takes the next good image of the epoch, distorted in its own way', async t => {
  const broken = [0, 3, 4, 5, 11]
  const set = await makeSet(t, broken)
  await using(set, { badImages: 'skip', workers: 2 }, async loader => {
    const batches = await takeAll(loader.steps(0, 12))
    const order = new TrainingOrder(9, 12)
    const byPlace = new Map<string, Float32Array>()
    for (const [step, batch] of batches.entries())
      for (let i = 0; i < 5; i++) {
        const position = step * 5 + i
        let ahead = 0
        while (broken.includes(order.indexAt(position, ahead))) ahead++
        assert.equal(batch.indices[i], order.indexAt(position, ahead))
        assert.equal(batch.labels[i], set.items[batch.indices[i]!]!.label)
        const image = batch.images.slice(i * pixels, (i + 1) * pixels)
        for (const other of byPlace.values()) assert.notDeepEqual(image, other)
        byPlace.set(`${position}`, image)
      }
    assert.deepEqual(
      loader.bad.map(note => note.path),
      broken.map(i => set.items[i]!.path),
    )
  })
})

test('every kind of dirt is left out or read, by image, in evaluation and in training', async t => {
  const root = await temporaryFolder(t)
  const dirt = await writeDirt(path.join(root, 'a'))
  const set = await openSplit(root)
  assert.equal(set.items.length, dirt.sound.length + dirt.bad.size)
  const isBad = (index: number) => dirt.bad.has(path.basename(set.items[index]!.path))
  await using(set, { badImages: 'skip', preprocessing: evaluate, workers: 2 }, async loader => {
    for (const { count, labels, indices } of await takeAll(loader.pass()))
      for (let i = 0; i < count; i++) assert.equal(labels[i] === -1, isBad(indices[i]!), set.items[indices[i]!]!.path)
    assert.equal(loader.bad.length, dirt.bad.size)
    for (const { path: file, reason } of loader.bad) assert.match(reason, dirt.bad.get(path.basename(file))!)
  })
  await using(set, { badImages: 'skip', workers: 2 }, async loader => {
    const seen = (await takeAll(loader.steps(0, 6))).flatMap(batch => batch.indices)
    assert.equal(new Set(seen).size, dirt.sound.length)
    assert.ok(!seen.some(isBad))
  })
})

test('an error of the disk stops the work and names the file, whatever is done about bad images', async t => {
  const set = await makeSet(t)
  // Reading another process's memory at 0, where nothing is, is an input/output error.
  const file = set.items[5]!.path
  await rm(file)
  await symlink('/proc/self/mem', file)
  await using(set, { badImages: 'skip', preprocessing: evaluate }, async loader => {
    const batches = loader.pass()
    assert.equal((await batches.next()).value?.count, 5)
    await assert.rejects(batches.next(), (error: unknown) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, /b\/1\.jpg: Error: EIO/)
      return true
    })
    assert.deepEqual(loader.bad, [])
  })
})

test('a file that disappears in the middle of the work is one bad image', async t => {
  const set = await makeSet(t)
  await using(
    set,
    { badImages: 'skip', preprocessing: evaluate, batch: 2, prefetch: 1, cacheBytes: 0 },
    async loader => {
      const batches = loader.pass()
      await batches.next()
      await rm(set.items[10]!.path)
      for await (const _ of batches);
      assert.deepEqual(loader.bad, [{ path: set.items[10]!.path, reason: 'the file does not exist' }])
    },
  )
})

test('when no image at all is good, there is an error and not an endless search', async t => {
  const set = await makeSet(t, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  const none = (error: unknown) => error instanceof UserError && /none of the images/.test(error.message)
  await using(set, { badImages: 'skip' }, async loader => {
    await assert.rejects(takeAll(loader.steps(0, 3)), none)
    await assert.rejects(takeAll(loader.pass()), none)
  })
})

test('an abort rejects the batch waited for with its reason', async t => {
  const set = await makeSet(t)
  const controller = new AbortController()
  const loader = new Loader(set, options({ signal: controller.signal }))
  const batches = loader.steps(0, 1e6)
  await batches.next()
  const reason = new Error('enough')
  controller.abort(reason)
  await assert.rejects(batches.next(), reason)
  await loader.close()
  assert.throws(() => new Loader(set, options({ signal: controller.signal })), reason)
})

test('closing while a batch is waited for rejects it; closing twice is fine', async t => {
  const set = await makeSet(t)
  const loader = new Loader(set, options())
  const waiting = assert.rejects(loader.steps(0, 10).next(), /closed/)
  await Promise.all([loader.close(), loader.close(), waiting])
})

test('a process that cannot start, or ends whatever it is asked, is an error and not a hang', async t => {
  const set = await makeSet(t)
  const member = new URL('../../src/data/crew-member.js', import.meta.url).href
  const join = `import { joinCrew } from ${JSON.stringify(member)}; const { serve } = await joinCrew()\n`
  for (const [text, reason] of [
    [
      'process.exit(7)',
      /^loading images failed: processes that decode images cannot be started: one ended at once \(code 7\)/,
    ],
    [`${join}serve(() => process.exit(1))`, /^loading images failed: processes .* end again and again \(code 1\)/],
    [`${join}serve(() => { throw new Error('no luck') })`, /^loading images failed: no luck$/],
  ] as const) {
    const program = path.join(await temporaryFolder(t), 'program.mjs')
    await writeFile(program, text)
    await using loader = new Loader(set, options(), pathToFileURL(program))
    await assert.rejects(loader.steps(0, 3).next(), (error: unknown) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, reason)
      return true
    })
  }
})

test('a process that forgets to close its loader still ends', async t => {
  const set = await makeSet(t)
  const loader = new URL('../../src/data/loader.js', import.meta.url).href
  const folder = new URL('../../src/data/class-folder.js', import.meta.url).href
  const script = `
    const { Loader } = await import(${JSON.stringify(loader)})
    const { openSplit } = await import(${JSON.stringify(folder)})
    const loader = new Loader(await openSplit(${JSON.stringify(set.root)}), {
      batch: 4, preprocessing: { kind: 'train', size: 32, colour: 'full' }, seed: 1, workers: 2, badImages: 'error' })
    const { value } = await loader.steps(0, 1e9).next()
    console.log(value.count)`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 })
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, '4\n', ''])
})
