/** The bytes are no image, or a damaged one. The message is a reason in one line, without the file's name. */
export class BadImage extends Error {
  override readonly name = 'BadImage'
}

/** Above this an image is refused before its pixels are unpacked: a small file can hold gigabytes of them. */
export const maximumPixels = 100_000_000
