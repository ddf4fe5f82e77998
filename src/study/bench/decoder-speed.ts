import { performance } from 'node:perf_hooks'
import { usableCores } from '../../base/threads.js'
import type { ImageSet } from '../../data/class-folder.js'
import { readPlace } from '../../data/place-reader.js'
import { sharp } from '../../data/sharp.js'

export interface DecoderSpeed {
  readonly imagesPerSecond: number
  /** Processor time of an image, over all threads. */
  readonly milliseconds: number
}

/** So many files are held in memory at most. */
const mostFiles = 1024

/**
 * sharp alone with images that are in memory already, and nothing asked of it but their pixels: what no loader can do
 * faster on the same cores.
 */
export class DecoderAlone {
  readonly #files: readonly Uint8Array[]
  readonly #signal: AbortSignal | undefined
  #atOnce = usableCores()

  private constructor(files: readonly Uint8Array[], signal: AbortSignal | undefined) {
    this.#files = files
    this.#signal = signal
  }

  /** Reads the images, and finds out how many decodes at a time are fastest here: one or two a core. */
  static async of(set: ImageSet, signal?: AbortSignal): Promise<DecoderAlone> {
    const files: Uint8Array[] = []
    for (const item of set.items.slice(0, mostFiles)) files.push(await readPlace(item))
    const decoder = new DecoderAlone(files, signal)
    const cores = usableCores()
    await decoder.measure(cores * 8)
    const speeds: number[] = []
    for (const atOnce of [cores, 2 * cores]) {
      decoder.#atOnce = atOnce
      speeds.push((await decoder.measure(Math.min(files.length, cores * 64))).imagesPerSecond)
    }
    decoder.#atOnce = speeds[1]! > speeds[0]! ? 2 * cores : cores
    return decoder
  }

  /** How fast it decodes so many of the images just now. */
  async measure(images: number): Promise<DecoderSpeed> {
    const before = processorTime()
    const start = performance.now()
    let next = 0
    const decode = async () => {
      while (next < images) {
        this.#signal?.throwIfAborted()
        const file = this.#files[next++ % this.#files.length]!
        // A damaged file costs what it costs; the loader passes it over as well.
        await sharp(file)
          .raw()
          .toBuffer()
          .catch(() => {})
      }
    }
    await Promise.all(Array.from({ length: this.#atOnce }, decode))
    const seconds = (performance.now() - start) / 1000
    return { imagesPerSecond: images / seconds, milliseconds: (processorTime() - before) / images }
  }
}

/** Milliseconds that all threads of the process have spent so far. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
