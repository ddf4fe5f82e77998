import type { Rectangle } from './crop.js'
import type { RgbImage } from './decode.js'

/** `bilinear`: a triangle of two pixels; `bicubic`: Keys' cubic of four, a = −½. */
export type Filter = 'bilinear' | 'bicubic'

interface Kernel {
  /** Zero from here on, in pixels of the coarser of the two images. */
  readonly support: number
  at(x: number): number
}

const kernels: Readonly<Record<Filter, Kernel>> = {
  bilinear: { support: 1, at: x => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: x => cubic(Math.abs(x)) },
}

const a = -0.5

function cubic(x: number): number {
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
}

/** Bits after the point: 8 for a pixel and 2 for what a cubic overshoots are left of 32. */
const fractionBits = 32 - 8 - 2
const half = 1 << (fractionBits - 1)

/**
 * Resizes an image as Pillow does for 8-bit images: each new pixel is a weighted mean of the old ones under a kernel
 * that is as wide as a new pixel where the image shrinks (so nothing is aliased) and as an old one where it grows. Rows
 * first, then columns, in fixed point, rounded and clipped to 8 bits after both. See Pillow's `Image.resize`.
 *
 * @param width of the whole result
 * @param height of the whole result
 * @param part of the result, if not all of it is wanted; the other pixels are not computed
 * @returns an image of the part's size
 */
export function resample(
  image: RgbImage,
  width: number,
  height: number,
  filter: Filter,
  part: Rectangle = { x: 0, y: 0, width, height },
): RgbImage {
  const isTall = image.height === height
  const down = weightsOf(image.height, height, part.y, part.height, filter)
  const [top, bottom] = isTall ? [part.y, part.y + part.height] : reachOf(down)
  const rows = image.rgb.subarray(top * image.width * 3, bottom * image.width * 3)
  const isWide = image.width === width && part.width === width
  const narrowed = isWide
    ? rows
    : resampleRows(rows, image.width, bottom - top, weightsOf(image.width, width, part.x, part.width, filter))
  const rgb = isTall ? new Uint8Array(narrowed) : resampleColumns(narrowed, part.width, top, down)
  return { width: part.width, height: part.height, rgb }
}

/** What the pixels of a line are made of: each of `count` old ones from `first` on, with fixed-point weights. */
interface Weights {
  readonly length: number
  readonly first: Int32Array
  readonly count: Int32Array
  /** [length, stride] */
  readonly weights: Int32Array
  readonly stride: number
}

/** The first old pixel that a line needs, and the one after its last. */
function reachOf({ first, count, length }: Weights): readonly [number, number] {
  return [first[0]!, first[length - 1]! + count[length - 1]!]
}

// Images of one size follow each other, and each is resized to the same few sizes.
const kept = new Map<string, Weights>()
const mostKept = 64

function weightsOf(from: number, to: number, start: number, length: number, filter: Filter): Weights {
  const key = `${filter} ${from} ${to} ${start} ${length}`
  const held = kept.get(key)
  if (held !== undefined) return held
  const made = computeWeights(from, to, start, length, kernels[filter])
  if (kept.size === mostKept) kept.delete(kept.keys().next().value!)
  kept.set(key, made)
  return made
}

/** For `length` pixels from `start` on of a line of `from` pixels made into one of `to`. */
function computeWeights(from: number, to: number, start: number, length: number, kernel: Kernel): Weights {
  const scale = from / to
  const stretch = Math.max(scale, 1)
  const reach = kernel.support * stretch
  const stride = Math.min(Math.ceil(reach) * 2 + 1, from)
  const first = new Int32Array(length)
  const count = new Int32Array(length)
  const weights = new Int32Array(length * stride)
  const exact = new Float64Array(stride)
  for (let i = 0; i < length; i++) {
    const centre = (start + i + 0.5) * scale
    const low = Math.max(0, Math.trunc(centre - reach + 0.5))
    const high = Math.min(from, Math.trunc(centre + reach + 0.5))
    let sum = 0
    for (let k = 0; k < high - low; k++) sum += exact[k] = kernel.at((k + low - centre + 0.5) / stretch)
    first[i] = low
    count[i] = high - low
    for (let k = 0; k < high - low; k++) weights[i * stride + k] = roundHalfAway((exact[k]! / sum) * 2 ** fractionBits)
  }
  return { length, first, count, weights, stride }
}

const roundHalfAway = (x: number): number => Math.trunc(x < 0 ? x - 0.5 : x + 0.5)

/** @param rgb [height, width, 3] */
function resampleRows(rgb: Uint8Array, width: number, height: number, across: Weights): Uint8Array {
  const { length, first, count, weights, stride } = across
  const out = new Uint8Array(height * length * 3)
  const clipped = new Uint8ClampedArray(out.buffer)
  let o = 0
  for (let y = 0; y < height; y++)
    for (let i = 0; i < length; i++) {
      let red = half
      let green = half
      let blue = half
      let from = (y * width + first[i]!) * 3
      const end = i * stride + count[i]!
      for (let k = i * stride; k < end; k++) {
        const weight = weights[k]!
        red = (red + Math.imul(weight, rgb[from]!)) | 0
        green = (green + Math.imul(weight, rgb[from + 1]!)) | 0
        blue = (blue + Math.imul(weight, rgb[from + 2]!)) | 0
        from += 3
      }
      clipped[o++] = red >> fractionBits
      clipped[o++] = green >> fractionBits
      clipped[o++] = blue >> fractionBits
    }
  return out
}

/** @param rgb [rows, width, 3], of which the first is row `top` of the image */
function resampleColumns(rgb: Uint8Array, width: number, top: number, down: Weights): Uint8Array {
  const { length, first, count, weights, stride } = down
  const bytes = width * 3
  const out = new Uint8Array(length * bytes)
  const clipped = new Uint8ClampedArray(out.buffer)
  const sums = new Int32Array(bytes)
  for (let j = 0; j < length; j++) {
    sums.fill(half)
    for (let k = 0; k < count[j]!; k++) {
      const weight = weights[j * stride + k]!
      const row = (first[j]! + k - top) * bytes
      for (let i = 0; i < bytes; i++) sums[i] = sums[i]! + Math.imul(weight, rgb[row + i]!)
    }
    for (let i = 0; i < bytes; i++) clipped[j * bytes + i] = sums[i]! >> fractionBits
  }
  return out
}
