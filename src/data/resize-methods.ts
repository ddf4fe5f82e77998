import type { RandomStream } from '../base/random.js'
import type { Rectangle } from './crop.js'
import type { RgbImage } from './decode.js'
import { resizeBilinear } from './resize.js'

/**
 * The four methods of TensorFlow 1's `resize_images` with align_corners=False and no half-pixel shift, in the order of
 * their numbers there.
 */
export const resizeMethods = ['bilinear', 'nearest', 'bicubic', 'area'] as const
export type ResizeMethod = (typeof resizeMethods)[number]

/** What to resize by: a method, or `random`, which draws one of the four for each image as TF-Slim's full mode does. */
export type SlimResize = ResizeMethod | 'random'

/** Nothing is drawn unless the method is `random`. */
export const drawMethod = (resize: SlimResize, random: RandomStream): ResizeMethod =>
  resize === 'random' ? resizeMethods[random.integer(resizeMethods.length)]! : resize

/**
 * Resizes a rectangle of an image to a square, its aspect not kept.
 *
 * @param out [size, size, 3], values in [0, 1]; what a cubic overshoots lies outside and is not clipped here
 * @param mirrored swaps left and right of the square
 */
export function resizeBy(
  method: ResizeMethod,
  image: RgbImage,
  from: Rectangle,
  size: number,
  out: Float32Array,
  mirrored = false,
): void {
  if (method === 'bilinear') resizeBilinear(image, from, size, out, mirrored)
  else {
    const { tapsOf } = laws[method]
    const across = tapsOf(from.width, size)
    weigh(image, from, mirrored ? across.toReversed() : across, tapsOf(from.height, size), out)
  }
}

/** What one new pixel of a line is made of: old pixels of the line, which may repeat, with weights that sum to 1. */
interface Taps {
  readonly at: readonly number[]
  readonly weights: readonly number[]
}

interface Law {
  /** For a line of `length` pixels made into one of `size`. */
  tapsOf(length: number, size: number): Taps[]
}

const f32 = Math.fround

const law = (tapsAt: (place: number, scale: number, length: number) => Taps): Law => ({
  tapsOf(length, size) {
    // The kernels compute places in single precision.
    const scale = f32(length / size)
    return Array.from({ length: size }, (_, i) => tapsAt(i, scale, length))
  },
})

const laws: { readonly [K in Exclude<ResizeMethod, 'bilinear'>]: Law } = {
  nearest: law((i, scale, length) => ({ at: [Math.min(Math.floor(f32(i * scale)), length - 1)], weights: [1] })),
  bicubic: law((i, scale, length) => {
    const place = f32(i * scale)
    const low = Math.floor(place)
    // The kernel looks its weights up in a table of 1024 steps a pixel.
    const within = Math.round(f32(place - low) * 1024) / 1024
    return {
      at: [low - 1, low, low + 1, low + 2].map(k => Math.min(Math.max(k, 0), length - 1)),
      weights: [cubic(1 + within), cubic(within), cubic(1 - within), cubic(2 - within)],
    }
  }),
  // Every old pixel by how much of it the new one covers.
  area: law((i, scale, length) => {
    const begin = f32(i * scale)
    const end = f32((i + 1) * scale)
    const at: number[] = []
    const weights: number[] = []
    for (let k = Math.floor(begin); k < Math.ceil(end); k++) {
      at.push(Math.min(k, length - 1))
      weights.push((Math.min(k + 1, end) - Math.max(k, begin)) / scale)
    }
    return { at, weights }
  }),
}

/** The cubic convolution kernel with a = −¾, which TensorFlow 1 uses. */
function cubic(x: number): number {
  const a = -0.75
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
}

function weigh(
  { rgb, width: stride }: RgbImage,
  from: Rectangle,
  across: readonly Taps[],
  down: readonly Taps[],
  out: Float32Array,
): void {
  // Each old row that is needed becomes a new one once, in the order of their need.
  const rows = new Map<number, Float64Array>()
  const rowAt = (y: number): Float64Array => {
    const held = rows.get(y)
    if (held !== undefined) return held
    const row = new Float64Array(across.length * 3)
    const start = ((from.y + y) * stride + from.x) * 3
    for (const [i, { at, weights }] of across.entries())
      for (let k = 0; k < at.length; k++) {
        const source = start + at[k]! * 3
        for (let c = 0; c < 3; c++) row[i * 3 + c]! += rgb[source + c]! * weights[k]!
      }
    rows.set(y, row)
    return row
  }
  const sums = new Float64Array(across.length * 3)
  for (const [j, { at, weights }] of down.entries()) {
    sums.fill(0)
    for (const y of rows.keys()) if (y < Math.min(...at)) rows.delete(y)
    for (let k = 0; k < at.length; k++) {
      const row = rowAt(at[k]!)
      for (let i = 0; i < row.length; i++) sums[i]! += row[i]! * weights[k]!
    }
    for (let i = 0; i < sums.length; i++) out[j * sums.length + i] = sums[i]! / 255
  }
}
