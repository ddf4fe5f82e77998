import { maximumPixels } from '../../../data/bad-image.js'
import type { RgbImage } from '../../../data/decode.js'

/** Safari's canvases hold no more than 16 million pixels; an image is read in strips of fewer. */
const stripPixels = 4_000_000

/**
 * An image as 8-bit RGB, read as this program's decoder reads it: turned as its EXIF data says, embedded colour profiles
 * ignored, transparency laid over white.
 * Errors: in words for the page's reader, where this browser cannot read it or it is too large.
 */
export async function readPixels(source: Blob | ImageBitmap): Promise<RgbImage> {
  const bitmap = source instanceof Blob ? await decode(source) : source
  try {
    const { width, height } = bitmap
    if (width * height > maximumPixels)
      throw new Error(`The image has more than ${maximumPixels / 1e6} million pixels: make it smaller.`)
    return { width, height, rgb: rgbOf(bitmap) }
  } finally {
    bitmap.close()
  }
}

async function decode(blob: Blob): Promise<ImageBitmap> {
  try {
    // Turning by the EXIF data is what browsers do unasked; the word for it has changed over the years.
    return await createImageBitmap(blob, { colorSpaceConversion: 'none' })
  } catch {
    const name = blob instanceof File && blob.name !== '' ? blob.name : 'This'
    throw new Error(`${name} is no image that this browser can read.`)
  }
}

function rgbOf(bitmap: ImageBitmap): Uint8Array {
  const { width, height } = bitmap
  const rows = Math.min(height, Math.max(1, Math.floor(stripPixels / width)))
  const canvas = new OffscreenCanvas(width, rows)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  const rgb = new Uint8Array(width * height * 3)
  let o = 0
  for (let top = 0; top < height; top += rows) {
    const taken = Math.min(rows, height - top)
    context.fillStyle = '#fff'
    context.fillRect(0, 0, width, taken)
    context.drawImage(bitmap, 0, top, width, taken, 0, 0, width, taken)
    const { data } = context.getImageData(0, 0, width, taken)
    for (let i = 0; i < data.length; i += 4) {
      rgb[o++] = data[i]!
      rgb[o++] = data[i + 1]!
      rgb[o++] = data[i + 2]!
    }
  }
  return rgb
}
