import { createHash } from 'node:crypto'
import path from 'node:path'
import type { ImageSet } from './class-folder.js'

/**
 * A digest of a set's classes and of the names, places and labels of its images, in their order; where the set lies, and
 * what is in its images, is not looked at. 16 digits in hexadecimal: short enough for an error's one line.
 */
export function digestOfSet({ root, classes, items }: ImageSet): string {
  const hash = createHash('sha256').update(`${classes.join('\0')}\n`)
  for (const { path: name, label, part } of items)
    hash.update(`${path.relative(root, name)}\0${part ? `${part.begin}+${part.size}` : ''}\0${label}\n`)
  return hash.digest('hex').slice(0, 16)
}
