import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { cutOut } from '../../src/data/cut-out.js'
import { decodeImage } from '../../src/data/decode.js'
import { ImageCache } from '../../src/data/image-cache.js'
import { PlaceList } from '../../src/data/place-list.js'
import { PlaceReader } from '../../src/data/place-reader.js'
import { SetImages } from '../../src/data/set-images.js'
import { noise, pipeline, temporaryFolder } from './picture.js'

const jpegOf = (seed: number, width: number, height: number) =>
  pipeline(noise(seed, width, height))
    .jpeg()
    .toBuffer()

/** The crop is the upper left quarter. */
const draw = ({ width, height }: { width: number; height: number }) => ({
  crop: { x: 0, y: 0, width: width >> 1, height: height >> 1 },
})

/** A set of one image, with a cache that has no room, and the same image as another worker gets it. */
async function setOf(t: TestContext, bytes: Uint8Array) {
  const file = path.join(await temporaryFolder(t), 'a.jpg')
  await writeFile(file, bytes)
  const places = PlaceList.pack([{ path: file }])
  const cache = ImageCache.reserve(1, 0)
  const worker = () => {
    const preprocessing = { kind: 'train', size: 8, colour: 'none' } as const
    const images = new SetImages({
      ...{ places: new PlaceList(places), reader: new PlaceReader(), cache: new ImageCache(cache), preprocessing },
      note: async (_, work) => await work(),
    })
    return async () => await images.cropped(0, draw)
  }
  return { file, worker }
}

test('an image is decoded whole once, by one worker, and then no more of it than a crop', async t => {
  const bytes = await jpegOf(1, 64, 48)
  const { worker } = await setOf(t, bytes)
  const first = await worker()()
  assert.ok(typeof first !== 'string')
  assert.deepEqual([first.image.width, first.image.height], [64, 48])
  const second = await worker()()
  assert.ok(typeof second !== 'string')
  const { rgb, ...size } = second.image
  assert.deepEqual(
    [size, second.drawn.crop],
    [
      { width: 32, height: 24 },
      { x: 0, y: 0, width: 32, height: 24 },
    ],
  )
  assert.deepEqual(new Uint8Array(rgb), cutOut(await decodeImage(bytes), draw({ width: 64, height: 48 }).crop).rgb)
})

test('damage that no crop comes near makes an image bad all the same', async t => {
  const bytes = await jpegOf(2, 64, 48)
  const { worker } = await setOf(t, bytes.subarray(0, bytes.length - 200))
  const ask = worker()
  for (let time = 0; time < 3; time++) assert.equal(await ask(), 'the image data is cut short or damaged')
})

test('of a file that has changed the whole tells', async t => {
  const { file, worker } = await setOf(t, await jpegOf(3, 64, 48))
  const ask = worker()
  await ask()
  await writeFile(file, await jpegOf(4, 20, 16))
  const found = await ask()
  assert.ok(typeof found !== 'string')
  assert.deepEqual([found.image.width, found.drawn.crop.width], [20, 10])
  await writeFile(file, 'no image any more')
  assert.equal(await ask(), 'the content is no JPEG, PNG or WebP image')
})
