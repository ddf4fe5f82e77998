import { fileURLToPath } from 'node:url'
import { UserError } from '../base/error.js'
import { decodeFile, decodeImage, type RgbImage } from '../data/decode.js'

/** A picture to look at: a file's path or `file:` URL, the bytes of a JPEG, PNG or WebP file, or pixels. */
export type ImageInput = string | URL | Uint8Array | RgbImage

/**
 * The pixels of an input.
 *
 * @throws {BadImage} if it is no sound image
 * @throws {UserError} if it is nothing that could be one
 */
export async function decodeInput(input: ImageInput): Promise<RgbImage> {
  if (input instanceof Uint8Array) return await decodeImage(input)
  if (typeof input === 'string' || input instanceof URL) return await decodeFile(pathOf(input))
  return requirePixels(input)
}

/** The input as a message names it; `index` counts from 0. */
export const nameOfInput = (input: ImageInput, index: number): string =>
  typeof input === 'string' || input instanceof URL ? `${input}` : `number ${index + 1}`

function pathOf(input: string | URL): string {
  if (input instanceof URL ? input.protocol === 'file:' : input.startsWith('file:')) return fileURLToPath(input)
  if (input instanceof URL || /^[a-z]{2,}:\/\//i.test(input))
    throw new UserError(`${input} is not a file: nothing is downloaded, so fetch it and give its bytes`, 2)
  return input
}

function requirePixels(input: RgbImage): RgbImage {
  const { width, height, rgb } = (input ?? {}) as Partial<RgbImage>
  const isSide = (side: unknown) => Number.isSafeInteger(side) && (side as number) > 0
  if (!(rgb instanceof Uint8Array) || !isSide(width) || !isSide(height))
    throw new UserError('an image is a path, the bytes of a file, or { width, height, rgb }: give one of these', 2)
  if (rgb.length !== width! * height! * 3)
    throw new UserError(`an image of ${width}×${height} pixels has ${rgb.length} bytes: give three a pixel, RGB`, 2)
  return input
}
