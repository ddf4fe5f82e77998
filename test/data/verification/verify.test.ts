import assert from 'node:assert/strict'
import { rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { UserError } from '../../../src/base/error.js'
import { DecoderPool, type DecoderPoolOptions } from '../../../src/data/verification/decoder-pool.js'
import { openNamedImages } from '../../../src/data/verification/images.js'
import { resumeVerification, writeVerification } from '../../../src/data/verification/report.js'
import { nothingVerified, type Verification, verifyImages } from '../../../src/data/verification/verify.js'
import { writeDirt } from '../dirt.js'
import { ramp, temporaryFolder, writeTree } from '../picture.js'
import { withPreloaded, writePoison } from '../poison.js'
import { drawMiniature, forms } from '../sources/miniature.js'

function poolOf(t: TestContext, options: Partial<DecoderPoolOptions> = {}): DecoderPool {
  const pool = new DecoderPool({ workers: 2, ...options })
  t.after(() => pool[Symbol.asyncDispose]())
  return pool
}

/** A folder of twelve sound images, with names that sort differently as paths and as texts. */
async function makeImages(t: TestContext): Promise<string> {
  const root = await temporaryFolder(t)
  const names = ['a', 'a-b', 'a.c', 'b'].flatMap(folder => [0, 1, 2].map(i => `${folder}/${i}.jpg`))
  await writeTree(root, Object.fromEntries(names.map((name, i) => [name, ramp(8 + i, 8)])))
  return root
}

const imagesOf = async (root: string) => (await openNamedImages(root)).all()

/** How such a program begins. */
const join = `import { joinCrew, reply } from ${JSON.stringify(new URL('../../../src/data/crew-member.js', import.meta.url).href)}
const { serve } = await joinCrew()
`

/** A program for the pool's processes. */
async function program(t: TestContext, text: string): Promise<URL> {
  const file = path.join(await temporaryFolder(t), 'program.mjs')
  await writeFile(file, text)
  return pathToFileURL(file)
}

test('every kind of dirt is judged as it is in training, with its reason', async t => {
  const root = await temporaryFolder(t)
  const dirt = await writeDirt(path.join(root, 'a'))
  const found = await verifyImages({
    images: await imagesOf(root),
    pool: poolOf(t),
    atOnce: 4,
    from: nothingVerified(root),
  })
  assert.equal(found.complete, true)
  assert.equal(found.images, dirt.sound.length + dirt.bad.size)
  assert.deepEqual(
    found.bad.map(note => path.basename(note.path)),
    [...dirt.bad.keys()].sort(),
  )
  for (const { path: file, reason } of found.bad) assert.match(reason, dirt.bad.get(path.basename(file))!)
  assert.deepEqual(found.oddities.CMYK, ['a/cmyk.JPEG'])
  assert.deepEqual(found.oddities['named as another format'], ['a/png-named.JPEG'])
  assert.deepEqual(found.formats, { jpeg: 5, png: 3, webp: 1 })
})

test('images in archives and records are decoded where they lie, and named with what holds them', async t => {
  const miniature = await drawMiniature()
  const cut = { ...miniature.val[2]!, bytes: miniature.val[2]!.bytes.subarray(0, 600) }
  const images = { ...miniature, val: miniature.val.with(2, cut) }
  const pool = poolOf(t)
  for (const [form, write] of Object.entries(forms)) {
    const root = await temporaryFolder(t)
    await write(root, images)
    const { all, isFiles } = await openNamedImages(root)
    assert.equal(isFiles, /folders|tables|Lines/.test(form), form)
    const found = await verifyImages({ images: all(), pool, atOnce: 4, from: nothingVerified(root) })
    assert.deepEqual([found.images, found.formats], [18, { jpeg: 17 }], form)
    assert.deepEqual(
      found.bad.map(note => note.reason),
      ['the image data is cut short or damaged'],
    )
    assert.match(found.bad[0]!.path, /ILSVRC2012_val_00000003\.JPEG$/)
  }
})

test('what the disk cannot give is told apart from bad images', async t => {
  const root = await makeImages(t)
  // Reading another process's memory at 0, where nothing is, is an input/output error.
  await symlink('/proc/self/mem', path.join(root, 'a/9.jpg'))
  const found = await verifyImages({
    images: await imagesOf(root),
    pool: poolOf(t),
    atOnce: 3,
    from: nothingVerified(root),
  })
  assert.deepEqual([found.complete, found.bad, found.unread.map(note => note.path)], [true, [], ['a/9.jpg']])
  assert.match(found.unread[0]!.reason, /EIO/)
})

/** What does not depend on the clock. */
const facts = ({ seconds: _, ...rest }: Verification) => rest

test('a verification that is interrupted anywhere goes on and ends with the same findings', async t => {
  const root = await makeImages(t)
  await writeFile(path.join(root, 'a/1.jpg'), '')
  await writeFile(path.join(root, 'b/2.jpg'), 'x')
  const pool = poolOf(t)
  const whole = await verifyImages({ images: await imagesOf(root), pool, atOnce: 3, from: nothingVerified(root) })
  const report = path.join(await temporaryFolder(t), 'report.json')
  for (let stopAfter = 1; stopAfter < 10; stopAfter += 2) {
    const stop = new AbortController()
    let seen = 0
    const progress = () => {
      if (++seen === stopAfter) stop.abort()
    }
    const from = nothingVerified(root)
    const part = await verifyImages({
      images: await imagesOf(root),
      pool,
      atOnce: 3,
      from,
      progress,
      signal: stop.signal,
    })
    assert.equal(part.complete, false)
    assert.ok(part.images >= stopAfter && part.images < 12)
    writeVerification(report, part)
    const rest = await verifyImages({
      images: await imagesOf(root),
      pool,
      atOnce: 3,
      from: resumeVerification(report, root),
    })
    assert.deepEqual(facts(rest), facts(whole))
  }
  writeVerification(report, whole)
  assert.deepEqual(resumeVerification(report, root), nothingVerified(root))
})

test('going on works when the image that it goes on from has been moved away', async t => {
  const root = await makeImages(t)
  const pool = poolOf(t)
  const from = { ...nothingVerified(root), images: 6, upTo: 'a-b/2.jpg' }
  await rm(path.join(root, 'a-b/2.jpg'))
  const rest = await verifyImages({ images: await imagesOf(root), pool, atOnce: 3, from })
  assert.equal(rest.images, 12)
})

test('a state in the middle, as is left by a kill, goes on without counting an image twice', async t => {
  const root = await makeImages(t)
  for (const name of ['a/1.jpg', 'a-b/0.jpg', 'a-b/2.jpg']) await writeFile(path.join(root, name), 'x')
  const pool = poolOf(t)
  const whole = { images: await imagesOf(root), pool, atOnce: 6 }
  const states: Verification[] = []
  const found = await verifyImages({ ...whole, from: nothingVerified(root), progress: now => void states.push(now()) })
  assert.equal(states.length, 12)
  for (const from of states.slice(0, 8))
    assert.deepEqual(facts(await verifyImages({ ...whole, images: await imagesOf(root), from })), facts(found))
})

test('an image that the machine could not read is tried again when the verification goes on', async t => {
  const root = await makeImages(t)
  const pool = poolOf(t)
  const unread = [{ path: 'a/0.jpg', reason: 'EIO: i/o error, read' }]
  const from = { ...nothingVerified(root), images: 3, upTo: 'a/2.jpg', unread }
  const rest = await verifyImages({ images: await imagesOf(root), pool, atOnce: 3, from })
  assert.deepEqual([rest.images, rest.unread, rest.upTo], [12, [], 'b/2.jpg'])
  const stopped = await verifyImages({
    ...{ images: await imagesOf(root), pool, atOnce: 3, from, signal: AbortSignal.abort() },
  })
  assert.deepEqual(facts(stopped), facts(from))
})

test('a decoder that crashes costs the image it was at, and no other', async t => {
  const root = await makeImages(t)
  const found = await withPreloaded(await writePoison(t, 'a.c/1.jpg', 'crash'), async () =>
    verifyImages({ images: await imagesOf(root), pool: poolOf(t), atOnce: 4, from: nothingVerified(root) }),
  )
  assert.deepEqual(found.bad, [{ path: 'a.c/1.jpg', reason: 'it crashes the decoder (SIGSEGV)' }])
  assert.deepEqual([found.complete, found.images, found.formats], [true, 12, { jpeg: 11 }])
})

test('an image that crashes a decoder once and not again was not to blame', async t => {
  const root = await temporaryFolder(t)
  const mark = JSON.stringify(path.join(root, 'mark'))
  const pool = poolOf(t, {
    program: await program(
      t,
      `${join}import { existsSync, writeFileSync } from 'node:fs'
      serve(() => {
        if (existsSync(${mark})) return reply({ kind: 'bad', reason: 'answered' })
        writeFileSync(${mark}, '')
        process.abort()
      })`,
    ),
  })
  assert.deepEqual(await pool.check({ path: 'image.jpg' }), { kind: 'bad', reason: 'answered' })
})

test('an image that keeps the decoder busy beyond the limit is bad, and the others go on', async t => {
  const pool = poolOf(t, {
    secondsAnImage: 0.3,
    program: await program(
      t,
      `${join}serve(({ path }) => {
        if (path === 'endless') for (;;);
        reply({ kind: 'fault', reason: path })
      })`,
    ),
  })
  const [endless, other] = await Promise.all([pool.check({ path: 'endless' }), pool.check({ path: 'other' })])
  assert.deepEqual(endless, { kind: 'bad', reason: 'decoding it takes more than 0.3 s' })
  assert.deepEqual(other, { kind: 'fault', reason: 'other' })
})

test('processes that cannot start are an error and not a bad image', async t => {
  const pool = poolOf(t, { program: await program(t, 'process.exit(3)') })
  await assert.rejects(pool.check({ path: 'image.jpg' }), (error: unknown) => {
    assert.ok(error instanceof UserError)
    assert.match(error.message, /cannot be started: one ended at once \(code 3\)/)
    return true
  })
})

test('a report of another folder or of something else is not gone on from', async t => {
  const root = await makeImages(t)
  const report = path.join(root, 'report.json')
  writeVerification(report, { ...nothingVerified('/elsewhere'), images: 3 })
  assert.throws(() => resumeVerification(report, root), /is the report of \/elsewhere/)
  for (const text of ['{}', '[]', '{"folder": 3}', '{"folder": "x", "complete": false, "upTo": 7}', '{']) {
    await writeFile(report, text)
    assert.throws(() => resumeVerification(report, root), UserError, text)
  }
})
