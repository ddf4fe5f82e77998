import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import { sharp } from '../../src/data/sharp.js'
import { noise, pipeline, ramp } from './picture.js'

/** What a class folder of dirt holds: the files that decode all the same, and those that do not, with the reason. */
export interface Dirt {
  readonly sound: readonly string[]
  readonly bad: ReadonlyMap<string, RegExp>
}

const damaged = /^the image data is cut short or damaged$/

/** Fills `folder` with one image of each kind of dirt that data sets have. Names are relative to it. */
export async function writeDirt(folder: string): Promise<Dirt> {
  await mkdir(folder, { recursive: true })
  const image = noise(1, 60, 40)
  const jpeg = await pipeline(image).jpeg({ quality: 85 }).toBuffer()
  const frames = { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } } as const
  const sound: Readonly<Record<string, Uint8Array>> = {
    // As n02105855_2933.JPEG of ILSVRC's training images.
    'png-named.JPEG': await pipeline(image).png().toBuffer(),
    'cmyk.JPEG': await pipeline(image).toColourspace('cmyk').jpeg().toBuffer(),
    'turned.jpg': await pipeline(image).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'deep.png': await sharp(
      Uint16Array.from({ length: 40 * 40 * 3 }, (_, i) => i * 13),
      {
        raw: { width: 40, height: 40, channels: 3 },
      },
    )
      .toColourspace('rgb16')
      .png()
      .toBuffer(),
    'grey.jpg': await pipeline(image).toColourspace('b-w').jpeg().toBuffer(),
    'clear.png': await pipeline(image).ensureAlpha(0.5).png().toBuffer(),
    'moving.webp': await sharp(noise(2, 20, 40).rgb, frames)
      .webp({ loop: 0, delay: [50, 50] })
      .toBuffer(),
    'a name with spaces.jpg': jpeg,
    'größe-日本-🐟.jpg': await pipeline(ramp(33, 44)).jpeg().toBuffer(),
  }
  const bad: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    'empty.jpg': [new Uint8Array(0), /^the file is empty$/],
    'cut.jpg': [jpeg.subarray(0, jpeg.length / 2), damaged],
    'text.jpg': [Buffer.from('404 Not Found'), /^the content is no JPEG, PNG or WebP image$/],
    'bomb.png': [pngBomb(20_000, 20_000), /^the image has more than 100,000,000 pixels$/],
  }
  for (const [name, bytes] of Object.entries(sound)) await writeFile(path.join(folder, name), bytes)
  for (const [name, [bytes]] of Object.entries(bad)) await writeFile(path.join(folder, name), bytes)
  await symlink(path.join(folder, 'nowhere.jpg'), path.join(folder, 'gone.jpg'))
  await symlink('.', path.join(folder, 'circle'))
  return {
    sound: Object.keys(sound).sort(),
    bad: new Map([
      ...Object.entries(bad).map(([name, [, reason]]) => [name, reason] as const),
      ['gone.jpg', /^the file does not exist$/],
    ]),
  }
}

/** A PNG of a few bytes that promises `width` × `height` pixels. */
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** CRC-32 as PNG has it. */
function crc32(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}
