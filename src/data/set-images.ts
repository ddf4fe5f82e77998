import { BadImage } from './bad-image.js'
import type { Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'
import { decodeImage, decodePart, type RgbImage } from './decode.js'
import type { ImageCache } from './image-cache.js'
import { requireFitting } from './image-views.js'
import type { PlaceList } from './place-list.js'
import type { PlaceReader } from './place-reader.js'
import { leastDecodedSide, type Preprocessing } from './preprocessing.js'

/** An image, or a part of it, in which `drawn.crop` lies. */
export interface Cropped<Drawn> {
  readonly image: RgbImage
  readonly drawn: Drawn
}

export interface ImageSources {
  readonly places: PlaceList
  readonly reader: PlaceReader
  readonly cache: ImageCache
  readonly preprocessing: Preprocessing
  /** Does the work of reading and decoding an image, and knows meanwhile that it is under way. */
  readonly note: (index: number, work: () => Promise<RgbImage>) => Promise<RgbImage>
}

/**
 * The images of a set as one worker gets them: from the cache, or decoded.
 *
 * Whether an image is bad must not depend on the crop that is drawn, so the first time it is decoded whole. The cache
 * knows of each image that it was, and if it has no room for the pixels, from then on only the crop is decoded.
 */
export class SetImages {
  readonly #sources: ImageSources
  readonly #shortSide: number | undefined
  readonly #bad = new Map<number, string>()

  constructor(sources: ImageSources) {
    this.#sources = sources
    this.#shortSide = leastDecodedSide(sources.preprocessing)
  }

  /** Makes an image bad that was found so elsewhere. */
  refuse(index: number, reason: string): void {
    this.#bad.set(index, reason)
  }

  /** The image, or the reason why it is none. */
  async whole(index: number): Promise<RgbImage | string> {
    const { cache, preprocessing, places } = this.#sources
    const held = this.#bad.get(index) ?? cache.get(index)
    if (held !== undefined) return held
    try {
      const image = await this.#decode(index, bytes => decodeImage(bytes, this.#shortSide))
      requireFitting(image, preprocessing)
      cache.put(index, image)
      return image
    } catch (error) {
      // The system's own message about a read names no file.
      if (!(error instanceof BadImage)) throw new Error(`${places.at(index).file}: ${String(error)}`, { cause: error })
      this.#bad.set(index, error.message)
      return error.message
    }
  }

  /**
   * As much of an image as a crop needs, or the reason why it is bad.
   *
   * @param draw says by an image's size what is wanted of it; the same for the same size, however often it is asked
   */
  async cropped<Drawn extends { readonly crop: Rectangle }>(
    index: number,
    draw: (size: Extent) => Drawn,
  ): Promise<Cropped<Drawn> | string> {
    // Of a picture decoded smaller, a part would not have the same pixels.
    const size = this.#shortSide === undefined ? this.#sources.cache.sizeWithoutPixels(index) : undefined
    if (size !== undefined && !this.#bad.has(index)) {
      const drawn = draw(size)
      try {
        const image = await this.#decode(index, bytes => decodePart(bytes, drawn.crop))
        return { image, drawn: { ...drawn, crop: { ...drawn.crop, x: 0, y: 0 } } }
      } catch {
        // The file has changed, or cannot be read just now: the whole of it tells.
      }
    }
    const image = await this.whole(index)
    return typeof image === 'string' ? image : { image, drawn: draw(image) }
  }

  #decode(index: number, decode: (bytes: Uint8Array) => Promise<RgbImage>): Promise<RgbImage> {
    const { note, reader, places } = this.#sources
    return note(index, async () => await decode(await reader.read(places.at(index))))
  }
}
