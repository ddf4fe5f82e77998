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

/**
 * The images of a set as one worker gets them: from the cache, or decoded.
 *
 * Whether an image is bad must not depend on the crop that is drawn, so the first time it is decoded whole. The cache
 * knows of each image that it was, and if it has no room for the pixels, from then on only the crop is decoded.
 */
export class SetImages {
  readonly #places: PlaceList
  readonly #reader: PlaceReader
  readonly #cache: ImageCache
  readonly #preprocessing: Preprocessing
  readonly #shortSide: number | undefined
  readonly #bad = new Map<number, string>()

  constructor(places: PlaceList, reader: PlaceReader, cache: ImageCache, preprocessing: Preprocessing) {
    this.#places = places
    this.#reader = reader
    this.#cache = cache
    this.#preprocessing = preprocessing
    this.#shortSide = leastDecodedSide(preprocessing)
  }

  /** The image, or the reason why it is none. */
  async whole(index: number): Promise<RgbImage | string> {
    const held = this.#cache.get(index) ?? this.#bad.get(index)
    if (held !== undefined) return held
    try {
      const image = await decodeImage(await this.#read(index), this.#shortSide)
      requireFitting(image, this.#preprocessing)
      this.#cache.put(index, image)
      return image
    } catch (error) {
      // The system's own message about a read names no file.
      if (!(error instanceof BadImage))
        throw new Error(`${this.#places.at(index).file}: ${String(error)}`, { cause: error })
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
    const size = this.#shortSide === undefined ? this.#cache.sizeWithoutPixels(index) : undefined
    if (size !== undefined) {
      const drawn = draw(size)
      try {
        const image = await decodePart(await this.#read(index), drawn.crop)
        return { image, drawn: { ...drawn, crop: { ...drawn.crop, x: 0, y: 0 } } }
      } catch {
        // The file has changed, or cannot be read just now: the whole of it tells.
      }
    }
    const image = await this.whole(index)
    return typeof image === 'string' ? image : { image, drawn: draw(image) }
  }

  #read(index: number): Promise<Uint8Array> {
    return this.#reader.read(this.#places.at(index))
  }
}
