import { createHash } from 'node:crypto'
import path from 'node:path'
import { withoutEnding } from './box-table.js'
import type { ImageSet } from './class-folder.js'
import { nameWithin } from './image-place.js'

/**
 * A digest of what decides which images a run sees and in which order: the set's classes, and names and labels of its
 * images. What holds the images, where that lies, and what is in them is not looked at: a set that is unpacked meanwhile
 * stays the same. 16 digits in hexadecimal: short enough for an error's one line.
 *
 * @param boxed whether the boxes that the images come with count too
 */
export function digestOfSet({ classes, items }: Pick<ImageSet, 'classes' | 'items'>, boxed = false): string {
  const hash = createHash('sha256').update(`${classes.join('\0')}\n`)
  for (const { path: place, label, boxes } of items) {
    const name = withoutEnding(path.basename(nameWithin(place)))
    hash.update(`${name}\0${label}\0${boxed && boxes ? boxes.join(' ') : ''}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}
