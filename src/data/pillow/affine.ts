import type { RgbImage } from '../decode.js'
import type { Filter } from '../resample.js'

/** A new pixel's place in the old image: x' = a·x + b·y + c, y' = d·x + e·y + f, between centres of pixels. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** The matrix of Pillow's `Image.rotate`: counter-clockwise about the centre; its numbers are rounded as there. */
export function rotation({ width, height }: RgbImage, degrees: number): Affine {
  const angle = (-(((degrees % 360) + 360) % 360) * Math.PI) / 180
  const cos = rounded(Math.cos(angle))
  const sin = rounded(Math.sin(angle))
  const [x, y] = [width / 2, height / 2]
  return [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y]
}

/** To 15 digits after the point. */
const rounded = (value: number): number => Number(value.toFixed(15))

/**
 * One channel's value between pixels, from the offsets of four lines and of a channel's four columns, of which the
 * second ones lie before the place and the third ones after it.
 */
type Interpolate = (rgb: Uint8Array, lines: Int32Array, columns: Int32Array, across: number, down: number) => number

const interpolations: { readonly [K in Filter]: Interpolate } = {
  bilinear(rgb, lines, columns, across, down) {
    const upper = linear(rgb[lines[1]! + columns[1]!]!, rgb[lines[1]! + columns[2]!]!, across)
    const lower = linear(rgb[lines[2]! + columns[1]!]!, rgb[lines[2]! + columns[2]!]!, across)
    return linear(upper, lower, down)
  },
  bicubic(rgb, lines, columns, across, down) {
    const [c0, c1, c2, c3] = [columns[0]!, columns[1]!, columns[2]!, columns[3]!]
    const along = (line: number) => cubic(rgb[line + c0]!, rgb[line + c1]!, rgb[line + c2]!, rgb[line + c3]!, across)
    return cubic(along(lines[0]!), along(lines[1]!), along(lines[2]!), along(lines[3]!), down)
  },
}

const linear = (v1: number, v2: number, within: number): number => v1 + (v2 - v1) * within

/** The cubic convolution with a = −1; `resample` has another one, and so has Pillow. */
const cubic = (v0: number, v1: number, v2: number, v3: number, within: number): number =>
  v1 + within * (v2 - v0 + within * (2 * (v0 - v1) + v2 - v3 + within * (v1 - v0 + v3 - v2)))

/**
 * Pillow's `Image.transform` with an affine matrix, to the level: every pixel is interpolated at its place in the old
 * image, without antialiasing; one whose place lies outside becomes `fill`, and lines are continued beyond the borders
 * by their last pixels.
 */
export function transform({ rgb, width, height }: RgbImage, matrix: Affine, filter: Filter, fill: number): RgbImage {
  const [a, b, c, d, e, f] = matrix
  const interpolate = interpolations[filter]
  const out = new Uint8Array(rgb.length).fill(fill)
  const columns = new Int32Array(4)
  const lines = new Int32Array(4)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const placeX = a * (x + 0.5) + b * (y + 0.5) + c
      const placeY = d * (x + 0.5) + e * (y + 0.5) + f
      if (!(placeX >= 0 && placeX < width && placeY >= 0 && placeY < height)) continue
      const left = Math.floor(placeX - 0.5)
      const top = Math.floor(placeY - 0.5)
      for (let k = 0; k < 4; k++) {
        columns[k] = clamp(left - 1 + k, width) * 3
        lines[k] = clamp(top - 1 + k, height) * width * 3
      }
      const to = (y * width + x) * 3
      for (let channel = 0; channel < 3; channel++) {
        const value = interpolate(rgb, lines, columns, placeX - 0.5 - left, placeY - 0.5 - top)
        out[to + channel] = Math.min(Math.max(Math.trunc(value), 0), 255)
        for (let k = 0; k < 4; k++) columns[k]!++
      }
    }
  return { width, height, rgb: out }
}

const clamp = (i: number, length: number): number => Math.min(Math.max(i, 0), length - 1)
