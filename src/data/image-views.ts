import { BadImage } from './bad-image.js'
import type { Rectangle } from './crop.js'
import { cropProtocols } from './crops/crops.js'
import type { CropProtocol, Extent, View } from './crops/protocol.js'
import { cutOut } from './cut-out.js'
import type { RgbImage } from './decode.js'
import { toNetworkRange } from './network-range.js'
import { inputExtent, type Preprocessing, type ViewPreprocessing } from './preprocessing.js'
import { type Filter, resample } from './resample.js'
import { type Place as ResizedPlace, resizeBilinear } from './resize.js'

/**
 * A resized image that has one view, or more than so many times a view's area, is not made whole, but only where the
 * view lies: a line one pixel wide, made 342 wide, would be gigabytes.
 */
const mostTimesLarger = 8

/** A view's rectangle in its image, in shares of the image's width and height. */
export interface Place extends Rectangle {
  readonly mirrored: boolean
}

/** Writes the square that `resizeBilinear` makes, in [−1, 1]. */
export type BilinearWriter = (
  image: RgbImage,
  from: Rectangle,
  size: number,
  mirrored: boolean,
  out: Float32Array,
  place?: ResizedPlace,
) => void

/** By plain loops, which run in browsers too. */
const writePlainly: BilinearWriter = (image, from, size, mirrored, out, place) => {
  resizeBilinear(image, from, size, out, mirrored, place)
  toNetworkRange(out)
}

/** The place in an image where a view begins. */
interface Placed {
  readonly image: RgbImage
  readonly x: number
  readonly y: number
}

/** The network's inputs that one image gives, made when asked for. Holds one resized form of the image at a time. */
export class ImageViews {
  /** [views], each one's share in the image's average; 0 for one that repeats an earlier one. They sum to 1. */
  readonly weights: Float32Array
  readonly #image: RgbImage
  readonly #input: Extent
  readonly #resampling: CropProtocol['resampling']
  readonly #views: readonly View[]
  readonly #writeSquare: BilinearWriter
  #resized: RgbImage | undefined
  /** What the last view was written from; mostly its mirror image comes next. */
  #last: { readonly key: string; readonly placed: Placed } | undefined

  /**
   * @param writeBilinear faster than plain loops, such as that of `SampleWriter`; the last bits of values may differ
   * @throws {BadImage} as {@link requireFitting}
   */
  constructor(image: RgbImage, preprocessing: ViewPreprocessing, writeBilinear: BilinearWriter = writePlainly) {
    requireFitting(image, preprocessing)
    this.#writeSquare = writeBilinear
    this.#image = image
    this.#input = inputExtent(preprocessing)
    if (preprocessing.kind === 'exact') {
      this.#resampling = 'bicubic'
      this.#views = [{ resized: undefined, from: { x: 0, y: 0, ...this.#input }, mirrored: false }]
    } else if (preprocessing.kind === 'whole') {
      this.#resampling = 'bicubic'
      this.#views = wholeViews(preprocessing)
    } else {
      const protocol = cropProtocols[preprocessing.crops]
      this.#resampling = protocol.resampling
      this.#views = protocol.views(image, preprocessing.size, preprocessing)
    }
    this.weights = sharesOf(this.#views)
  }

  /** Where in the image a view lies, in shares of its sides, and whether it is mirrored. */
  placeOf(index: number): Place {
    const { from, resized, mirrored } = this.#views[index]!
    const { width, height } = resized ?? this.#image
    const [x, y] = [from.x / width, from.y / height]
    return { x, y, width: from.width / width, height: from.height / height, mirrored }
  }

  /** @param out [height, width, 3], values in [−1, 1] */
  write(index: number, out: Float32Array): void {
    const view = this.#views[index]!
    if (this.#resampling === 'tensorflow-bilinear') {
      this.#writeBilinear(view, out)
      return
    }
    const key = keyOf(view)
    if (this.#last?.key !== key) this.#last = { key, placed: this.#place(view, this.#resampling) }
    writePixels(this.#last.placed, this.#input, view.mirrored, out)
  }

  #writeBilinear({ resized, from, mirrored }: View, out: Float32Array): void {
    const { width: size } = this.#input
    const { width, height } = this.#image
    if (resized === undefined) this.#writeSquare(this.#image, from, size, mirrored, out)
    else {
      const place = { within: resized, x: from.x, y: from.y }
      this.#writeSquare(this.#image, { x: 0, y: 0, width, height }, size, mirrored, out, place)
    }
  }

  /** The view in the input's size, not mirrored. */
  #place({ resized, from }: View, filter: Filter): Placed {
    const placed = this.#cut(resized ?? this.#image, from, filter)
    const { width, height } = this.#input
    if (from.width === width && from.height === height) return placed
    return {
      image: resample(cutOut(placed.image, { ...from, x: placed.x, y: placed.y }), width, height, filter),
      x: 0,
      y: 0,
    }
  }

  #cut({ width, height }: Extent, from: Rectangle, filter: Filter): Placed {
    if (this.#views.length === 1 || width * height > mostTimesLarger * from.width * from.height)
      return { image: resample(this.#image, width, height, filter, from), x: 0, y: 0 }
    if (this.#resized?.width !== width || this.#resized.height !== height)
      this.#resized = resample(this.#image, width, height, filter)
    return { image: this.#resized, x: from.x, y: from.y }
  }
}

/** @throws {BadImage} if the image is to be taken as it is, and is not of the network's size */
export function requireFitting({ width, height }: Extent, preprocessing: Preprocessing): void {
  if (preprocessing.kind !== 'exact') return
  const { size } = preprocessing
  if (width !== size || height !== size)
    throw new BadImage(
      `it has ${width}×${height} pixels, and the network takes ${size}×${size} where nothing is resized`,
    )
}

function wholeViews({ width, height }: Extent): View[] {
  const resized = { width, height }
  return [false, true].map(mirrored => ({ resized, from: { x: 0, y: 0, ...resized }, mirrored }))
}

const keyOf = ({ resized, from }: View): string =>
  [resized?.width, resized?.height, from.x, from.y, from.width, from.height].join()

/** Mirror images are views of their own, even where the picture is symmetric. */
function sharesOf(views: readonly View[]): Float32Array {
  const shares = new Float32Array(views.length)
  const firsts = new Map<string, number>()
  const counts = new Map<number, number>()
  for (const [i, view] of views.entries()) {
    const key = `${keyOf(view)},${view.mirrored}`
    const first = firsts.get(key) ?? i
    firsts.set(key, first)
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  for (const [first, count] of counts) shares[first] = count / views.length
  return shares
}

/** Bytes as the network's values, rounded as floats in [0, 1] brought to [−1, 1] are. */
const values = Float32Array.from({ length: 256 }, (_, byte) => byte / 255)
toNetworkRange(values)

function writePixels({ image, x, y }: Placed, { width, height }: Extent, mirrored: boolean, out: Float32Array): void {
  const { rgb } = image
  const stride = mirrored ? -3 : 3
  let o = 0
  for (let j = 0; j < height; j++) {
    let from = ((y + j) * image.width + x + (mirrored ? width - 1 : 0)) * 3
    for (let i = 0; i < width; i++) {
      out[o++] = values[rgb[from]!]!
      out[o++] = values[rgb[from + 1]!]!
      out[o++] = values[rgb[from + 2]!]!
      from += stride
    }
  }
}
