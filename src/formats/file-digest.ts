import { createHash } from 'node:crypto'
import { InputFile } from './input-file.js'

/** The SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it. Errors: `UserError` when it cannot be read. */
export function fileDigest(file: string): string {
  using input = new InputFile(file)
  const hash = createHash('sha256')
  for (const piece of input.pieces()) hash.update(piece)
  return hash.digest('hex')
}
