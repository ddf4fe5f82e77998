import { readFile, writeFile } from 'node:fs/promises'
import { RandomStream } from '../../base/random.js'
import { usableCores } from '../../base/threads.js'
import type { ImageSet } from '../../data/class-folder.js'
import { sharp } from '../../data/sharp.js'
import { openTrainingData } from '../../data/sources/open.js'
import { writeSynth } from '../../data/synth/folder.js'
import { defaultSynthSettings } from '../../data/synth/settings.js'

/** The commonest size of ILSVRC-2012's photographs. */
const [width, height] = [500, 375]
/** With the grain, and pictures drawn so, this gives ILSVRC-2012's mean of 108 kB a file: 138 GB in 1.28 million. */
const [quality, grain] = [96, 16]

/**
 * Makes JPEG files that take a decoder as long as ImageNet's photographs do: drawn pictures of their size, with the grain
 * of film. The same bytes every time, as far as sharp is the same.
 *
 * @param folder made by this; class folders below it
 * @param count of pictures at least
 * @throws {UserError} if the disk refuses
 */
export async function writePhotographs(folder: string, count: number, signal?: AbortSignal): Promise<ImageSet> {
  const train = Math.max(count, defaultSynthSettings.classes)
  const run = signal === undefined ? {} : { signal }
  await writeSynth(folder, { ...defaultSynthSettings, train, val: defaultSynthSettings.classes, size: height }, run)
  const set = (await openTrainingData(folder)).train
  let next = 0
  const develop = async () => {
    while (next < set.items.length) {
      signal?.throwIfAborted()
      const index = next++
      const { path } = set.items[index]!
      await writeFile(path, await photograph(await readFile(path), new RandomStream(1, 'grain', index)))
    }
  }
  await Promise.all(Array.from({ length: usableCores() }, develop))
  return set
}

async function photograph(drawn: Uint8Array, random: RandomStream): Promise<Uint8Array> {
  const pixels = await sharp(drawn).resize({ width, height, fit: 'fill' }).raw().toBuffer()
  const light = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length)
  for (let at = 0; at < light.length; at += 3) {
    // Three bytes of one number: about normal.
    const bits = random.uint32()
    const speck = (((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255)) / 255 - 1.5) * grain
    for (let c = 0; c < 3; c++) light[at + c] = light[at + c]! + speck
  }
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}
