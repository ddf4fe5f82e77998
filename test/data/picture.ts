import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { RandomStream } from '../../src/base/random.js'
import type { RgbImage } from '../../src/data/decode.js'
import { sharp } from '../../src/data/sharp.js'

/** A folder that is removed when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'inception-data-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Random bytes as an image. */
export function noise(seed: number, width: number, height: number): RgbImage {
  const random = new RandomStream(seed, 'noise')
  return { width, height, rgb: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) }
}

/** The bytes that the fixtures' programs call noise: a linear congruential generator (Numerical Recipes). */
export function lcgBytes(seed: number, count: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

/** A smooth picture, which JPEG keeps nearly as it is. */
export function ramp(width: number, height: number): RgbImage {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      rgb[(y * width + x) * 3] = Math.round((255 * x) / width)
      rgb[(y * width + x) * 3 + 1] = Math.round((255 * y) / height)
      rgb[(y * width + x) * 3 + 2] = 128
    }
  return { width, height, rgb }
}

/** The image as a sharp pipeline, to be stored in any format. */
export const pipeline = ({ rgb, width, height }: RgbImage) => sharp(rgb, { raw: { width, height, channels: 3 } })

/** Writes `files`: the path inside `folder` and either bytes or an image, which becomes a JPEG. */
export async function writeTree(folder: string, files: Record<string, Uint8Array | RgbImage>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.join(folder, path.dirname(name)), { recursive: true })
    const bytes = content instanceof Uint8Array ? content : await pipeline(content).jpeg({ quality: 90 }).toBuffer()
    await writeFile(path.join(folder, name), bytes)
  }
}
