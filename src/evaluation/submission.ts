import path from 'node:path'
import type { ImageSet } from '../data/class-folder.js'
import { nameWithin } from '../data/image-place.js'
import type { Synsets } from '../data/synsets.js'
import { bestClasses, type Predictions, rowOf } from './scores.js'

/** As many guesses an image as ILSVRC's test server counts. */
const guesses = 5

/**
 * Predictions in the form of ILSVRC's test server: a line an image in the order of file names, the ILSVRC2012_IDs of the
 * five most probable classes with spaces between, the best first; all classes when there are fewer. An image that could
 * not be read has a line too, since lines are matched by their number: it guesses the first classes.
 */
export function submissionOf(predictions: Predictions, { items }: Pick<ImageSet, 'items'>, { ids }: Synsets): string {
  const order = items
    .map((item, i) => ({ i, name: path.basename(nameWithin(item.path)), path: item.path }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path))
  return order
    .map(({ i }) => {
      const best = bestClasses(rowOf(predictions, i), guesses)
      return `${best.map(label => ids[label]).join(' ')}\n`
    })
    .join('')
}

/** By code unit, whatever the language of the system. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
