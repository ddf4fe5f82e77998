import { performance } from 'node:perf_hooks'
import { usableCores } from '../../base/threads.js'
import type { ImageSet } from '../../data/class-folder.js'
import { readPlace } from '../../data/place-reader.js'
import { sharp } from '../../data/sharp.js'

export interface DecoderSpeed {
  /** Decodes under way at a time: of one and two a core, what was faster. */
  readonly atOnce: number
  readonly imagesPerSecond: number
  /** Processor time of an image, over all threads. */
  readonly milliseconds: number
}

/** So many files are held in memory at most. */
const mostFiles = 1024

/**
 * How fast sharp alone decodes images that are in memory already, with nothing asked of it but their pixels: what no
 * loader can do faster on the same cores.
 *
 * @param images decoded for the figure
 */
export async function measureDecoder(set: ImageSet, images: number, signal?: AbortSignal): Promise<DecoderSpeed> {
  const files: Uint8Array[] = []
  for (const item of set.items.slice(0, Math.min(images, mostFiles))) files.push(await readPlace(item))
  const cores = usableCores()
  await decodeAll(files, cores, cores * 4, signal)
  const speeds: DecoderSpeed[] = []
  for (const atOnce of [cores, 2 * cores]) {
    const before = processorTime()
    const start = performance.now()
    await decodeAll(files, atOnce, images, signal)
    const seconds = (performance.now() - start) / 1000
    speeds.push({ atOnce, imagesPerSecond: images / seconds, milliseconds: (processorTime() - before) / images })
  }
  return speeds.reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a))
}

async function decodeAll(files: readonly Uint8Array[], atOnce: number, images: number, signal?: AbortSignal) {
  let next = 0
  const decode = async () => {
    while (next < images) {
      signal?.throwIfAborted()
      const file = files[next++ % files.length]!
      // A damaged file costs what it costs; the loader passes it over as well.
      await sharp(file)
        .raw()
        .toBuffer()
        .catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: atOnce }, decode))
}

/** Milliseconds that all threads of the process have spent so far. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
