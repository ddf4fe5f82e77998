import { readFile } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import { formatCount } from '../base/format.js'
import { BadImage, maximumPixels } from './bad-image.js'
import type { Rectangle } from './crop.js'
import { sharp } from './sharp.js'

/** An image as 8-bit sRGB, rows from the top, three bytes a pixel, no padding. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  /** [height, width, 3] */
  readonly rgb: Uint8Array
}

// Images are decoded side by side, so threads inside one image, and a cache of whole operations, would only cost.
sharp.concurrency(1)
sharp.cache(false)

/**
 * Decodes a JPEG, PNG or WebP image, told by its content. Grey, CMYK and 16-bit images become 8-bit RGB, transparency
 * is laid over white, and the EXIF orientation is applied. Embedded colour profiles are ignored, as TensorFlow and
 * Pillow do, because the published accuracies were measured so; CMYK goes by one press profile. The first picture of an
 * animation is taken.
 *
 * @param shortSide of a picture whose shorter side is at least twice as long, an eighth, a quarter or a half of its width
 * and height is decoded: the least whose shorter side is no shorter than this. libjpeg computes that from a part of the
 * coefficients, in a fraction of the time and memory. @default every pixel is decoded
 * @throws {BadImage} if the bytes are no such image, are cut short or are damaged in a way the decoder can notice
 */
export async function decodeImage(bytes: Uint8Array, shortSide?: number): Promise<RgbImage> {
  requireSupported(bytes)
  try {
    const whole = open(bytes)
    return await pixelsOf(shortSide === undefined ? whole : await scaledDown(whole, shortSide))
  } catch (error) {
    throw badData(error)
  }
}

/**
 * Decodes a part of an image: the pixels that {@link decodeImage} gives there, in less time. A JPEG is decoded down to
 * the part's lower edge, and damage below goes unnoticed: this is for images that were sound when they were decoded whole.
 *
 * @throws {BadImage} as {@link decodeImage}, and where the image does not hold the part
 */
export async function decodePart(bytes: Uint8Array, { x, y, width, height }: Rectangle): Promise<RgbImage> {
  requireSupported(bytes)
  try {
    return await pixelsOf(open(bytes).extract({ left: x, top: y, width, height }))
  } catch (error) {
    throw badData(error)
  }
}

const open = (bytes: Uint8Array): Sharp =>
  sharp(bytes, { autoOrient: true, failOn: 'warning', ignoreIcc: true, limitInputPixels: maximumPixels })

async function pixelsOf(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (info.channels !== 3 || data.length !== info.width * info.height * 3)
    throw new BadImage(`the decoder gave ${info.channels} channels instead of 3`)
  return { width: info.width, height: info.height, rgb: data }
}

async function scaledDown(image: Sharp, shortSide: number): Promise<Sharp> {
  const { width, height } = (await image.metadata()).autoOrient
  const scale = [8, 4, 2].find(by => Math.min(width, height) >= by * shortSide)
  if (scale === undefined) return image
  // Rounded down, or the decoder would see less than this scale asked for and take the next larger one.
  return image.resize({ width: Math.floor(width / scale), height: Math.floor(height / scale), fit: 'fill' })
}

/**
 * Reads and decodes one image file; see {@link decodeImage}.
 *
 * @throws {BadImage} if the file cannot be read or is no sound image; what the machine lacks at the moment (open
 * files, memory, a working disk) is no fault of the image and comes as it is
 */
export async function decodeFile(file: string, shortSide?: number): Promise<RgbImage> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw unreadable(error)
  }
  return await decodeImage(bytes, shortSide)
}

/** What an error in opening or reading an image file is to be thrown as. */
export function unreadable(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (['EMFILE', 'ENFILE', 'ENOMEM', 'EIO'].includes(code)) return error
  return new BadImage(readingFaults[code] ?? `the file cannot be read (${code || String(error)})`, { cause: error })
}

const readingFaults: Record<string, string> = {
  ENOENT: 'the file does not exist',
  EACCES: 'permission to read the file is denied',
  EISDIR: 'it is a folder',
  ELOOP: 'the link points to itself',
}

/**
 * @param bytes the first twelve of a file, or all of it
 * @throws {BadImage} if this is no image in a format that is read
 */
export function requireSupported(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new BadImage('the file is empty')
  if (!isSupported(bytes)) throw new BadImage('the content is no JPEG, PNG or WebP image')
}

/** By the first bytes: sharp alone would also open SVG, TIFF and more, each with its own ways to go wrong. */
function isSupported(bytes: Uint8Array): boolean {
  const startsWith = (signature: readonly number[], at = 0) => signature.every((byte, i) => bytes[at + i] === byte)
  return (
    startsWith([0xff, 0xd8, 0xff]) ||
    startsWith([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) ||
    (startsWith([0x52, 0x49, 0x46, 0x46]) && startsWith([0x57, 0x45, 0x42, 0x50], 8))
  )
}

/**
 * What an error of the decoder is to be thrown as. Its own words are no use here: libvips keeps them in one buffer for
 * the whole process, so of images decoded at the same time one can get the other's. Whether an image is refused does not
 * depend on that.
 */
export function badData(error: unknown): BadImage {
  if (error instanceof BadImage) return error
  const message = error instanceof Error ? error.message : String(error)
  return message.includes('exceeds pixel limit')
    ? tooManyPixels(error)
    : new BadImage('the image data is cut short or damaged', { cause: error })
}

export const tooManyPixels = (cause?: unknown): BadImage =>
  new BadImage(`the image has more than ${formatCount(maximumPixels)} pixels`, { cause })
