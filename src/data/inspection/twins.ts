import { createHash } from 'node:crypto'
import type { ImagePlace } from '../image-place.js'
import { readPlace } from '../place-reader.js'

/**
 * Finds files with the same bytes among many without reading them all: each gives a key of its length and its beginning,
 * and only files that share one are read whole. Eight bytes a file.
 */
export class Twins {
  readonly #keys: Float64Array

  /** @param count files, by number */
  constructor(count: number) {
    this.#keys = new Float64Array(count).fill(Number.NaN)
  }

  /** @param beginning the first bytes, as many of every file */
  note(index: number, bytes: number, beginning: Uint8Array): void {
    const digest = createHash('sha256').update(`${bytes} `).update(beginning).digest()
    this.#keys[index] = digest.readUIntBE(0, 6)
  }

  /**
   * Groups of at least two files with the same bytes, by number. A file that can no longer be read is in none.
   *
   * @param placeOf where the image lies
   */
  async groups(placeOf: (index: number) => ImagePlace, signal?: AbortSignal): Promise<number[][]> {
    const keys = this.#keys
    const order = Uint32Array.from(keys.keys()).filter(i => !Number.isNaN(keys[i]!))
    order.sort((a, b) => keys[a]! - keys[b]! || a - b)
    const groups: number[][] = []
    for (let from = 0, end = 0; from < order.length; from = end) {
      while (end < order.length && keys[order[end]!] === keys[order[from]!]) end++
      if (end - from < 2) continue
      const byDigest = new Map<string, number[]>()
      for (const index of order.subarray(from, end)) {
        signal?.throwIfAborted()
        const digest = await digestOf(placeOf(index))
        if (digest !== undefined) byDigest.set(digest, [...(byDigest.get(digest) ?? []), index])
      }
      groups.push(...[...byDigest.values()].filter(group => group.length > 1))
    }
    return groups.sort(([a], [b]) => a! - b!)
  }
}

async function digestOf(image: ImagePlace): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readPlace(image))
      .digest('hex')
  } catch {
    return undefined
  }
}
