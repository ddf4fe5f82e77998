import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { BadImage } from '../../src/data/bad-image.js'
import { decodeFile } from '../../src/data/decode.js'
import { readImageSize, readImageSizes } from '../../src/data/image-size.js'
import { sharp } from '../../src/data/sharp.js'
import { noise, pipeline, temporaryFolder } from './picture.js'

test('the header tells what decoding gives, in every format and orientation', async t => {
  const root = await temporaryFolder(t)
  const file = path.join(root, 'image')
  for (const format of ['jpeg', 'png', 'webp'] as const)
    for (let orientation = 1; orientation <= 8; orientation++) {
      await pipeline(noise(1, 13, 7))
        .withMetadata({ orientation })
        .toFormat(format)
        .toFile(file)
      const { width, height } = await decodeFile(file)
      assert.deepEqual([width, height], orientation < 5 ? [13, 7] : [7, 13])
      assert.deepEqual(await readImageSize({ path: file }), { width, height })
    }
})

test('pixels are not looked at: a file cut short after its header still has a size', async t => {
  const file = path.join(await temporaryFolder(t), 'short.jpg')
  const bytes = await pipeline(noise(2, 80, 60))
    .jpeg()
    .toBuffer()
  await writeFile(file, bytes.subarray(0, bytes.length / 2))
  assert.deepEqual(await readImageSize({ path: file }), { width: 80, height: 60 })
  await assert.rejects(decodeFile(file), BadImage)
})

test('what is no image is refused for the reason that decoding gives', async t => {
  const root = await temporaryFolder(t)
  const jpeg = await pipeline(noise(3, 20, 10))
    .jpeg()
    .toBuffer()
  const png = await sharp({
    create: { width: 10_001, height: 10_000, channels: 3, background: '#000' },
    limitInputPixels: false,
  })
    .png({ compressionLevel: 1 })
    .toBuffer()
  const files = {
    empty: new Uint8Array(0),
    text: Buffer.from('no image at all'),
    header: jpeg.subarray(0, 30),
    large: png,
  }
  for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(root, name), bytes)
  await mkdir(path.join(root, 'folder'))
  for (const name of [...Object.keys(files), 'folder', 'missing']) {
    const file = path.join(root, name)
    const reason = await decodeFile(file).catch((error: unknown) => error)
    assert.ok(reason instanceof BadImage, name)
    await assert.rejects(readImageSize({ path: file }), { name: 'BadImage', message: reason.message })
  }
})

test('sizes of a set come in its order, bad images with their reason; progress counts all', async t => {
  const root = await temporaryFolder(t)
  const items = Array.from({ length: 40 }, (_, i) => ({ path: path.join(root, `${i}.png`), label: 0 }))
  for (const [i, item] of items.entries())
    if (i === 7) await writeFile(item.path, 'nothing')
    else
      await pipeline(noise(i, 1 + i, 50 - i))
        .png()
        .toFile(item.path)
  const heard: number[] = []
  const sizes = await readImageSizes({ items }, { progress: done => heard.push(done) })
  assert.deepEqual(
    heard,
    items.map((_, i) => i + 1),
  )
  for (const [i, size] of sizes.entries())
    if (i === 7) assert.ok(size instanceof BadImage)
    else assert.deepEqual(size, { width: 1 + i, height: 50 - i })
  assert.deepEqual(await readImageSizes({ items: [] }), [])
})

test('an abort ends the reading with its reason', async t => {
  const file = path.join(await temporaryFolder(t), 'a.png')
  await pipeline(noise(1, 2, 2))
    .png()
    .toFile(file)
  const items = Array.from({ length: 500 }, () => ({ path: file, label: 0 }))
  const controller = new AbortController()
  const reason = new Error('enough')
  let most = 0
  const reading = readImageSizes(
    { items },
    {
      signal: controller.signal,
      progress(done) {
        most = done
        if (done === 20) controller.abort(reason)
      },
    },
  )
  await assert.rejects(reading, reason)
  assert.ok(most < 500)
  await assert.rejects(readImageSizes({ items }, { signal: controller.signal }), reason)
})
