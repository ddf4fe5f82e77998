import type { Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'
import type { RgbImage } from './decode.js'

/** For each pixel of a resized row, what it is made from. */
export interface AcrossTables {
  /** The byte offset of its left neighbour; the right one is the pixel after that, or the same at the row's end. */
  readonly left: Int32Array
  /** The share of the right neighbour. */
  readonly weights: Float32Array
}

// One call at a time per thread, so the tables are kept between calls.
let tables: AcrossTables = tablesOf(0)

function tablesOf(size: number): AcrossTables {
  return { left: new Int32Array(size), weights: new Float32Array(size) }
}

/** Where a square lies in something resized. */
export interface Place {
  readonly within: Extent
  readonly x: number
  readonly y: number
}

/**
 * Resizes a rectangle of an image by bilinear interpolation without antialiasing, aspect not kept, sampled as TensorFlow 1
 * does with align_corners=False: source = destination · scale, with no half-pixel shift. Gives a square of the result.
 *
 * @param out [size, size, 3], values in [0, 1]
 * @param mirrored swaps left and right of the square
 * @param place what the rectangle is resized to, and where the square begins there. @default the square is all of it
 */
export function resizeBilinear(
  image: RgbImage,
  from: Rectangle,
  size: number,
  out: Float32Array,
  mirrored = false,
  place: Place = { within: { width: size, height: size }, x: 0, y: 0 },
): void {
  const { rgb, width: stride } = image
  if (tables.left.length < size) tables = tablesOf(size)
  const { left, weights } = tables
  const last = (from.width - 1) * 3
  sampleAcross(from.width, size, mirrored, tables, place.within.width, place.x)
  let o = 0
  for (let j = 0; j < size; j++) {
    const { upper, lower, weight: down } = sampleDown(from.height, j, place.within.height, place.y)
    const above = ((from.y + upper) * stride + from.x) * 3
    const below = ((from.y + lower) * stride + from.x) * 3
    for (let i = 0; i < size; i++) {
      const a = left[i]!
      const b = Math.min(a + 3, last)
      const across = weights[i]!
      for (let c = 0; c < 3; c++) {
        const ul = rgb[above + a + c]!
        const ll = rgb[below + a + c]!
        const u = ul + (rgb[above + b + c]! - ul) * across
        const l = ll + (rgb[below + b + c]! - ll) * across
        out[o++] = (u + (l - u) * down) / 255
      }
    }
  }
}

/**
 * Fills the tables for `size` pixels from the `begin`-th on of a row of `length` pixels resized to `within`.
 *
 * @param mirrored the last of them comes first
 */
export function sampleAcross(
  length: number,
  size: number,
  mirrored: boolean,
  { left, weights }: AcrossTables,
  within = size,
  begin = 0,
): void {
  const scale = Math.fround(length / within)
  for (let i = 0; i < size; i++) {
    const at = Math.fround((begin + (mirrored ? size - 1 - i : i)) * scale)
    const near = Math.min(Math.floor(at), length - 1)
    left[i] = near * 3
    weights[i] = at - near
  }
}

/** The rows that row `j` of such a resized column of rows lies between, and the share of the lower one. */
export function sampleDown(length: number, j: number, within: number, begin = 0) {
  const at = Math.fround((begin + j) * Math.fround(length / within))
  const upper = Math.min(Math.floor(at), length - 1)
  return { upper, lower: Math.min(upper + 1, length - 1), weight: Math.fround(at - upper) }
}
