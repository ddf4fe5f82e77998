import { formatBytes } from '../base/format.js'
import type { Packing } from '../formats/file-stretch.js'
import { BadImage } from './bad-image.js'
import type { FilePart } from './image-place.js'

/** Far more than a file's own index ever points at. */
const mostUnpacked = 2 ** 30

/** Images that stand next to each other are often read one after the other. */
const mostHeldBytes = 32 * 2 ** 20

/** What packed stretches of files hold. Those that were used last are kept, a bounded number of bytes. */
export class UnpackedStretches {
  /** By file and place, the least recently used first; so many reads of one stretch at a time unpack it once. */
  readonly #held = new Map<string, { readonly size: number; readonly bytes: Promise<Uint8Array> }>()

  /**
   * The bytes that `packing` means, in memory that others share.
   *
   * @param readPacked gives the stretch as it stands in the file
   * @throws {BadImage} if it cannot be unpacked; what `readPacked` throws comes as it is
   */
  async read(
    part: FilePart,
    { codec, unpacked, begin, size }: Packing,
    readPacked: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    if (unpacked > mostUnpacked) throw new BadImage(`it is packed with more than ${formatBytes(mostUnpacked)}`)
    const key = `${part.begin} ${part.size} ${part.file}`
    const found = this.#held.get(key) ?? { size: unpacked, bytes: unpackFrom(part.file, codec, unpacked, readPacked) }
    this.#held.delete(key)
    this.#held.set(key, found)
    this.#forgetSurplus()
    try {
      return (await found.bytes).subarray(begin, begin + size)
    } catch (error) {
      // What could not be read is tried anew for the next image.
      if (this.#held.get(key) === found) this.#held.delete(key)
      throw error
    }
  }

  clear(): void {
    this.#held.clear()
  }

  /** The last one stays, however large. */
  #forgetSurplus(): void {
    let total = 0
    for (const { size } of this.#held.values()) total += size
    for (const [key, { size }] of this.#held) {
      if (total <= mostHeldBytes || this.#held.size === 1) return
      this.#held.delete(key)
      total -= size
    }
  }
}

async function unpackFrom(
  file: string,
  codec: Packing['codec'],
  unpacked: number,
  readPacked: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  // Only now, since most images are not packed and the libraries take time to load.
  const { unpack } = await import('../formats/codecs.js')
  return unpack(codec, await readPacked(), unpacked, reason => {
    throw new BadImage(`${file} is damaged: what holds the image ${reason}`)
  })
}
