import { createHash } from 'node:crypto'
import { InputFile } from './input-file.js'

/**
 * The SHA-256 of the bytes of files, one after the other, in hexadecimal: what `cat … | sha256sum` prints.
 * Errors: `UserError` when one cannot be read.
 */
export function fileDigest(...files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    using input = new InputFile(file)
    for (const piece of input.pieces()) hash.update(piece)
  }
  return hash.digest('hex')
}
