import path from 'node:path'
import { UserError } from '../../base/error.js'
import type { ImageSet, LabelledImage } from '../class-folder.js'
import { memberPath } from '../image-place.js'
import type { ClassNames } from './class-names.js'
import type { FoundImage } from './found-image.js'
import { MemberImage } from './member-image.js'
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
    const items = files.flatMap(({ file, images }) => images.map(image => namedItem(image, file, labelOf)))
    if (items.length === 0)
      throw new UserError(`${files[0]?.file ?? root} has no images: get it again, or leave it out`)
    items.sort((a, b) => a.item.label - b.item.label || compare(a.name, b.name) || compare(a.item.path, b.item.path))
    const twice = items.find(
      ({ name, item }, i) => name === items[i - 1]?.name && item.path === items[i - 1]?.item.path,
    )
    if (twice) throw new UserError(`${twice.item.path} is there twice: remove one of the two`)
    sets[split] = { root, classes, items: items.map(({ item }) => item) }
  }
  return sets
}

/** An image and the name that decides its place among those of its class. */
interface NamedItem {
  readonly name: string
  readonly item: LabelledImage
}

function namedItem(
  { name, label, part, boxes }: FoundImage,
  file: string,
  labelOf: ReadonlyMap<string, number>,
): NamedItem {
  const number = labelOf.get(label)
  const image = () => (part ? memberPath(file, name) : besides(file, name))
  if (number === undefined)
    throw new UserError(`${image()} has the class '${label}', which no training image has: correct it, or leave it out`)
  const item = part ? new MemberImage({ file, ...part }, name, number, boxes) : { path: image(), label: number }
  return { name, item }
}

const besides = (table: string, name: string): string => path.resolve(path.dirname(table), name)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
