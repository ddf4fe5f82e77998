import type { RgbImage } from '../decode.js'

// Pillow's `ImageEnhance`, in place and to the level: an image between a degenerate form of itself (factor 0) and
// itself (factor 1), or beyond.

const f32 = Math.fround

/** Towards black. */
export const scaleBrightness = (image: RgbImage, factor: number): void => blend(image, factor, () => 0)

/** Towards the mean of its grey levels. */
export function spreadContrast(image: RgbImage, factor: number): void {
  const { rgb } = image
  let sum = 0
  for (let i = 0; i < rgb.length; i += 3) sum += greyAt(rgb, i)
  const mean = Math.floor(sum / (rgb.length / 3) + 0.5)
  blend(image, factor, () => mean)
}

/** Towards its grey levels. */
export const scaleColour = (image: RgbImage, factor: number): void => {
  const grey = Uint8Array.from({ length: image.rgb.length / 3 }, (_, i) => greyAt(image.rgb, i * 3))
  blend(image, factor, i => grey[Math.floor(i / 3)]!)
}

/** Towards its smoothed form. */
export function sharpen(image: RgbImage, factor: number): void {
  const smooth = smoothed(image)
  blend(image, factor, i => smooth[i]!)
}

/** ITU-R 601-2 luma in fixed point, as Pillow converts to grey. */
const greyAt = (rgb: Uint8Array, at: number): number =>
  (rgb[at]! * 19595 + rgb[at + 1]! * 38470 + rgb[at + 2]! * 7471 + 0x8000) >> 16

/** The 3 × 3 mean in which the pixel itself weighs 5 of 13; pixels of the border stay. */
function smoothed({ rgb, width, height }: RgbImage): Uint8Array {
  const out = Uint8Array.from(rgb)
  const stride = width * 3
  for (let y = 1; y < height - 1; y++)
    for (let i = y * stride + 3; i < (y + 1) * stride - 3; i++) {
      let sum = 4 * rgb[i]!
      for (let row = i - stride; row <= i + stride; row += stride) sum += rgb[row - 3]! + rgb[row]! + rgb[row + 3]!
      out[i] = Math.floor(sum / 13 + 0.5)
    }
  return out
}

/** Pillow's `Image.blend`: in single precision, cut off, clipped. */
function blend({ rgb }: RgbImage, factor: number, degenerate: (at: number) => number): void {
  const alpha = f32(factor)
  for (let i = 0; i < rgb.length; i++) {
    const from = degenerate(i)
    rgb[i] = Math.min(Math.max(Math.trunc(f32(from + f32(alpha * (rgb[i]! - from)))), 0), 255)
  }
}
