import type { Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'
import type { RgbImage } from './decode.js'

// One call at a time per thread, so the tables are kept between calls: [left byte offset, right byte offset] and the
// weight of the right (or lower) neighbour.
let near = new Int32Array(0)
let far = new Int32Array(0)
let weight = new Float32Array(0)

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
  if (near.length < size) {
    near = new Int32Array(size)
    far = new Int32Array(size)
    weight = new Float32Array(size)
  }
  const scaleX = Math.fround(from.width / place.within.width)
  for (let i = 0; i < size; i++) {
    const at = Math.fround((place.x + (mirrored ? size - 1 - i : i)) * scaleX)
    const left = Math.min(Math.floor(at), from.width - 1)
    near[i] = (from.x + left) * 3
    far[i] = (from.x + Math.min(left + 1, from.width - 1)) * 3
    weight[i] = at - left
  }
  const scaleY = Math.fround(from.height / place.within.height)
  let o = 0
  for (let j = 0; j < size; j++) {
    const at = Math.fround((place.y + j) * scaleY)
    const top = Math.min(Math.floor(at), from.height - 1)
    const upper = (from.y + top) * stride * 3
    const lower = (from.y + Math.min(top + 1, from.height - 1)) * stride * 3
    const down = Math.fround(at - top)
    for (let i = 0; i < size; i++) {
      const a = near[i]!
      const b = far[i]!
      const across = weight[i]!
      for (let c = 0; c < 3; c++) {
        const ul = rgb[upper + a + c]!
        const ll = rgb[lower + a + c]!
        const u = ul + (rgb[upper + b + c]! - ul) * across
        const l = ll + (rgb[lower + b + c]! - ll) * across
        out[o++] = (u + (l - u) * down) / 255
      }
    }
  }
}
