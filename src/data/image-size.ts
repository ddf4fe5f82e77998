import { open } from 'node:fs/promises'
import { BadImage } from './bad-image.js'
import type { ImageSet } from './class-folder.js'
import type { Extent } from './crops/protocol.js'
import { requireSupported, unreadable } from './decode.js'
import { readImageFacts } from './image-facts.js'
import type { ImagePlace } from './image-place.js'
import { PlaceReader, readPlace } from './place-reader.js'

/**
 * Width and height that an image has once decoded, its EXIF orientation applied, from its header alone. Damage
 * further on goes unnoticed.
 *
 * @param reader keeps files open, and what was unpacked, from image to image @default one for this image
 * @throws {BadImage} as `decodeFile` does
 */
export async function readImageSize(image: ImagePlace, reader?: PlaceReader): Promise<Extent> {
  // Of a whole file the header is read alone, by the decoder.
  const input = image.part ? await (reader?.read(image.part) ?? readPlace(image)) : image.path
  requireSupported(typeof input === 'string' ? await firstBytes(input) : input)
  const { width, height } = await readImageFacts(input)
  return { width, height }
}

const filesAtOnce = 16

export interface SizeOptions {
  /** Hears how many images are done. */
  readonly progress?: (done: number) => void
  readonly signal?: AbortSignal | undefined
}

/** The sizes of a set's images in its order; of a bad one, why it has none. Throws the signal's reason when aborted. */
export async function readImageSizes(
  { items }: Pick<ImageSet, 'items'>,
  { progress = () => {}, signal }: SizeOptions = {},
): Promise<readonly (Extent | BadImage)[]> {
  const sizes = new Array<Extent | BadImage>(items.length)
  const upcoming = items.entries()
  await using reader = new PlaceReader()
  let done = 0
  let failed = false
  const readSome = async () => {
    for (const [i, item] of upcoming) {
      try {
        signal?.throwIfAborted()
        sizes[i] = await readImageSize(item, reader).catch(badImage)
        if (failed) return
        progress(++done)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  signal?.throwIfAborted()
  await Promise.all(Array.from({ length: Math.min(filesAtOnce, items.length) }, readSome))
  return sizes
}

/** An image may be bad; whatever else goes wrong is an error. */
function badImage(error: unknown): BadImage {
  if (error instanceof BadImage) return error
  throw error
}

async function firstBytes(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(new Uint8Array(12), 0, 12, 0)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    throw unreadable(error)
  }
}
