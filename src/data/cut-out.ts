import type { Rectangle } from './crop.js'
import type { RgbImage } from './decode.js'

/** The pixels of a rectangle inside an image as an image of their own. */
export function cutOut(image: RgbImage, { x, y, width, height }: Rectangle): RgbImage {
  const rgb = new Uint8Array(width * height * 3)
  for (let j = 0; j < height; j++) {
    const start = ((y + j) * image.width + x) * 3
    rgb.set(image.rgb.subarray(start, start + width * 3), j * width * 3)
  }
  return { width, height, rgb }
}
