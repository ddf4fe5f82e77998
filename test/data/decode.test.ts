import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { RandomStream } from '../../src/base/random.js'
import { BadImage } from '../../src/data/bad-image.js'
import { cutOut } from '../../src/data/cut-out.js'
import { decodeFile, decodeImage, decodePart } from '../../src/data/decode.js'
import { sharp } from '../../src/data/sharp.js'
import { pngBomb } from './dirt.js'
import { noise, pipeline, ramp, temporaryFolder } from './picture.js'

const bad = (reason: RegExp) => (error: unknown) => error instanceof BadImage && reason.test(error.message)

/** Largest difference of any byte. */
function distance(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

test('PNG and lossless WebP come back to the byte, JPEG nearly so', async () => {
  const image = noise(1, 13, 7)
  for (const bytes of [
    await pipeline(image).png().toBuffer(),
    await pipeline(image).webp({ lossless: true }).toBuffer(),
  ])
    assert.deepEqual(new Uint8Array((await decodeImage(bytes)).rgb), image.rgb)
  const smooth = ramp(64, 48)
  const decoded = await decodeImage(await pipeline(smooth).jpeg({ quality: 95 }).toBuffer())
  assert.deepEqual([decoded.width, decoded.height], [64, 48])
  assert.ok(distance(decoded.rgb, smooth.rgb) < 12)
})

test('grey becomes three equal channels, in 8 and 16 bits', async () => {
  const jpeg = await sharp({ create: { width: 5, height: 4, channels: 3, background: '#888888' } })
    .toColourspace('b-w')
    .jpeg()
    .toBuffer()
  assert.equal((await sharp(jpeg).metadata()).channels, 1)
  assert.deepEqual(new Set((await decodeImage(jpeg)).rgb), new Set([0x88]))
  const deep = Uint16Array.of(0xffff, 0x8000, 0x0100, 0x00ff)
  const png = await sharp(deep, { raw: { width: 2, height: 2, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer()
  assert.equal((await sharp(png).metadata()).depth, 'ushort')
  assert.deepEqual([...(await decodeImage(png)).rgb], [255, 255, 255, 128, 128, 128, 1, 1, 1, 0, 0, 0])
})

test('16-bit colour keeps the upper byte', async () => {
  const deep = Uint16Array.of(0xffff, 0x80ff, 0x0100, 0x1234, 0xabcd, 0)
  const png = await sharp(deep, { raw: { width: 2, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toBuffer()
  assert.equal((await sharp(png).metadata()).depth, 'ushort')
  assert.deepEqual([...(await decodeImage(png)).rgb], [255, 128, 1, 0x12, 0xab, 0])
})

test('transparency is laid over white and opaque pixels stay', async () => {
  const rgba = Uint8Array.of(255, 0, 0, 255, 9, 8, 7, 0, 10, 20, 30, 255, 0, 0, 255, 128)
  const png = await sharp(rgba, { raw: { width: 2, height: 2, channels: 4 } })
    .png()
    .toBuffer()
  const { rgb } = await decodeImage(png)
  assert.deepEqual([...rgb.subarray(0, 9)], [255, 0, 0, 255, 255, 255, 10, 20, 30])
  assert.ok(Math.abs(rgb[9]! - 127) <= 1 && rgb[11] === 255)
})

test('a palette PNG becomes RGB', async () => {
  const { width, height, rgb } = ramp(16, 16)
  const image = { width, height, rgb: rgb.map(value => (value < 100 ? 10 : 200)) }
  const png = await pipeline(image).png({ palette: true }).toBuffer()
  assert.equal((await sharp(png).metadata()).isPalette, true)
  assert.deepEqual(new Uint8Array((await decodeImage(png)).rgb), image.rgb)
})

test('CMYK JPEG has the right colours', async () => {
  // Through a press's inks and back colours move by up to 30 steps; taking inks for light would move them by 100.
  for (const [r, g, b] of [
    [160, 64, 64],
    [64, 128, 64],
    [64, 80, 150],
    [255, 255, 255],
    [30, 30, 30],
  ] as const) {
    const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g, b } } })
      .toColourspace('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer()
    assert.equal((await sharp(jpeg).metadata()).channels, 4)
    const { rgb } = await decodeImage(jpeg)
    assert.ok(distance(rgb.slice(0, 3), Uint8Array.of(r, g, b)) <= 32, `${r} ${g} ${b} became ${[...rgb.slice(0, 3)]}`)
  }
})

test('EXIF orientation 6 is turned upright', async () => {
  const image = ramp(60, 30)
  const jpeg = await pipeline(image).jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer()
  const { width, height, rgb } = await decodeImage(jpeg)
  assert.deepEqual([width, height], [30, 60])
  // Turned a quarter clockwise: what ran to the right (red) runs down.
  const red = (x: number, y: number) => rgb[(y * width + x) * 3]!
  assert.ok(red(15, 5) < 60 && red(15, 55) > 200)
})

test('a part has the pixels that the whole has there, whatever the format', async () => {
  const image = noise(6, 75, 52)
  const plain = () => pipeline(image)
  const deep = sharp(
    Uint16Array.from({ length: 75 * 52 * 3 }, (_, i) => i * 13),
    { raw: { width: 75, height: 52, channels: 3 } },
  )
  const kinds: Readonly<Record<string, Uint8Array>> = {
    ...Object.fromEntries(
      await Promise.all(
        Array.from({ length: 8 }, async (_, i) => [
          `orientation ${i + 1}`,
          await plain()
            .withMetadata({ orientation: i + 1 })
            .jpeg()
            .toBuffer(),
        ]),
      ),
    ),
    progressive: await plain().jpeg({ progressive: true }).toBuffer(),
    'no subsampling': await plain().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
    grey: await plain().toColourspace('b-w').jpeg().toBuffer(),
    CMYK: await plain().toColourspace('cmyk').jpeg().toBuffer(),
    PNG: await plain().png().toBuffer(),
    'interlaced PNG': await plain().png({ progressive: true }).toBuffer(),
    palette: await plain().png({ palette: true }).toBuffer(),
    '16 bits': await deep.toColourspace('rgb16').png().toBuffer(),
    transparent: await plain().ensureAlpha(0.5).png().toBuffer(),
    WebP: await plain().webp().toBuffer(),
    'turned WebP': await plain().withMetadata({ orientation: 8 }).webp().toBuffer(),
  }
  const random = new RandomStream(1, 'parts')
  for (const [kind, bytes] of Object.entries(kinds)) {
    const whole = await decodeImage(bytes)
    const parts = Array.from({ length: 12 }, () => {
      const [x, y] = [random.integer(whole.width), random.integer(whole.height)]
      return { x, y, width: 1 + random.integer(whole.width - x), height: 1 + random.integer(whole.height - y) }
    })
    for (const part of [{ x: 0, y: 0, width: whole.width, height: whole.height }, ...parts]) {
      const { rgb, ...size } = await decodePart(bytes, part)
      const expected = cutOut(whole, part)
      assert.deepEqual(size, { width: part.width, height: part.height }, kind)
      assert.ok(Buffer.compare(rgb, expected.rgb) === 0, `${kind}: ${JSON.stringify(part)}`)
    }
    await assert.rejects(decodePart(bytes, { x: 1, y: 0, width: whole.width, height: 1 }), BadImage)
  }
})

test('garbage, emptiness and other formats are refused with a reason', async () => {
  await assert.rejects(decodeImage(new Uint8Array(0)), bad(/^the file is empty$/))
  await assert.rejects(decodeImage(Buffer.from('hello, I am no image')), bad(/no JPEG, PNG or WebP/))
  await assert.rejects(decodeImage(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')), bad(/no JPEG/))
  const gif = await pipeline(ramp(8, 8)).gif().toBuffer()
  await assert.rejects(decodeImage(gif), bad(/no JPEG/))
  await assert.rejects(decodeImage(Uint8Array.of(0xff, 0xd8, 0xff)), bad(/./))
})

test('a file cut short at any byte is refused or, where only the end marker is gone, whole', async () => {
  const image = noise(2, 24, 20)
  for (const bytes of [
    await pipeline(image).jpeg({ quality: 80 }).toBuffer(),
    await pipeline(image).jpeg({ quality: 80, progressive: true }).toBuffer(),
    await pipeline(image).png().toBuffer(),
    await pipeline(image).webp().toBuffer(),
  ]) {
    const whole = (await decodeImage(bytes)).rgb
    let whatIsLeftDecodes = 0
    for (let length = bytes.length - 1; length > 0; length -= length > bytes.length - 20 ? 1 : 13)
      try {
        const { rgb } = await decodeImage(bytes.subarray(0, length))
        assert.deepEqual(rgb, whole, `cut to ${length} of ${bytes.length} bytes`)
        whatIsLeftDecodes++
      } catch (error) {
        assert.ok(error instanceof BadImage, String(error))
        assert.match(error.message, /^the (image data is cut short or damaged|content is no JPEG, PNG or WebP image)$/)
      }
    // A PNG's last chunk is 12 bytes long, and the four of a checksum before it may go unread.
    assert.ok(whatIsLeftDecodes <= 16)
  }
})

test('images decoded side by side do not answer for each other', async () => {
  const good = await pipeline(noise(3, 40, 40))
    .jpeg()
    .toBuffer()
  const damaged = Buffer.from(
    await pipeline(noise(4, 40, 40))
      .jpeg()
      .toBuffer(),
  )
  for (let i = 800; i < damaged.length - 10; i += 97) damaged[i]! ^= 0x55
  const cut = good.subarray(0, good.length / 2)
  const { rgb } = await decodeImage(good)
  const verdict = async (bytes: Uint8Array) => {
    try {
      return Buffer.compare((await decodeImage(bytes)).rgb, rgb) === 0 ? 'same' : 'other'
    } catch (error) {
      return String(error)
    }
  }
  const refused = 'BadImage: the image data is cut short or damaged'
  for (let round = 0; round < 30; round++)
    assert.deepEqual(await Promise.all([good, damaged, good, cut, damaged, good].map(verdict)), [
      'same',
      refused,
      'same',
      refused,
      refused,
      'same',
    ])
})

test('a small file that would unpack to more than 100 million pixels is refused', async () => {
  const bomb = pngBomb(20_000, 20_000)
  assert.ok(bomb.length < 200)
  await assert.rejects(decodeImage(bomb), bad(/more than 100,000,000 pixels/))
})

test('a file that is missing, a folder or no image is named by its reason', async t => {
  const folder = await temporaryFolder(t)
  await assert.rejects(decodeFile(path.join(folder, 'none.jpg')), bad(/^the file does not exist$/))
  await assert.rejects(decodeFile(folder), bad(/^it is a folder$/))
  await writeFile(path.join(folder, 'a.jpg'), await pipeline(ramp(8, 8)).png().toBuffer())
  assert.equal((await decodeFile(path.join(folder, 'a.jpg'))).width, 8)
})

test('large pictures can be decoded smaller: the scale, the orientation, and nearly the mean of the pixels', async () => {
  const source = ramp(640, 416)
  const jpeg = await pipeline(source).jpeg({ quality: 95 }).toBuffer()
  for (const [shortSide, scale] of [
    [52, 8],
    [53, 4],
    [104, 4],
    [105, 2],
    [208, 2],
    [209, 1],
  ] as const) {
    const { width, height, rgb } = await decodeImage(jpeg, shortSide)
    assert.deepEqual([width, height], [640 / scale, 416 / scale])
    // The mean of each square of pixels of a ramp is the ramp at the square's middle.
    for (let y = 0; y < height; y += 7)
      for (let x = 0; x < width; x += 7) {
        const [u, v] = [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5]
        const at = (y * width + x) * 3
        assert.ok(
          Math.abs(rgb[at]! - (255 * u) / 640) < 3 && Math.abs(rgb[at + 1]! - (255 * v) / 416) < 3,
          `${x}, ${y}`,
        )
      }
  }
  const turned = await pipeline(source).jpeg().withMetadata({ orientation: 6 }).toBuffer()
  const { width, height } = await decodeImage(turned, 100)
  assert.deepEqual([width, height], [104, 160])
  const odd = await decodeImage(await pipeline(ramp(403, 401)).png().toBuffer(), 100)
  assert.deepEqual([odd.width, odd.height], [100, 100])
  await assert.rejects(decodeImage(jpeg.subarray(0, jpeg.length / 2), 52), BadImage)
})
