import path from 'node:path'
import { UserError } from '../../base/error.js'
import type { ImageSet, LabelledImage } from '../class-folder.js'
import { memberPath } from '../image-place.js'
import type { ClassNames } from './class-names.js'
import type { FoundImage } from './found-image.js'
import { type Split, type Splits, splits } from './source.js'

/** A file and the images in it, or that it names. */
export interface LookedThrough {
  readonly file: string
  readonly images: readonly FoundImage[]
}

/**
 * Sets of what was found, in the order of class folders: class by class, within a class by the images' names in code unit
 * order. So the same images give the same batches, whatever holds them.
 *
 * Errors: `UserError` for an image that is there twice, a class that `names` does not have, and a set without images.
 */
export function setsOf(
  root: string,
  found: Readonly<Partial<Record<Split, readonly LookedThrough[]>>>,
  { classes, labelOf }: ClassNames,
): Splits {
  const sets: Partial<Record<Split, ImageSet>> = {}
  for (const split of splits) {
    const files = found[split]
    if (!files) continue
    const items = files.flatMap(({ file, images }) => images.map(image => itemOf(image, file, labelOf)))
    if (items.length === 0)
      throw new UserError(`${files[0]?.file ?? root} has no images: get it again, or leave it out`)
    items.sort((a, b) => a.item.label - b.item.label || compare(a.name, b.name) || compare(a.item.path, b.item.path))
    const twice = items.find(({ item }, i) => item.path === items[i - 1]?.item.path)
    if (twice) throw new UserError(`${twice.item.path} is there twice: remove one of the two`)
    sets[split] = { root, classes, items: items.map(({ item }) => item) }
  }
  return sets
}

function itemOf(
  { name, label, part, boxes }: FoundImage,
  file: string,
  labelOf: ReadonlyMap<string, number>,
): { readonly name: string; readonly item: LabelledImage } {
  const image = part ? memberPath(file, name) : path.resolve(path.dirname(file), name)
  const number = labelOf.get(label)
  if (number === undefined)
    throw new UserError(`${image} has the class '${label}', which no training image has: correct it, or leave it out`)
  const more = { ...(part && { part: { file, ...part } }), ...(boxes && { boxes }) }
  return { name, item: { path: image, label: number, ...more } }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
