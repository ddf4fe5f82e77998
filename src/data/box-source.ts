import { UserError } from '../base/error.js'
import { formatCount } from '../base/format.js'
import type { Style } from './augmentation.js'
import { type BoxFile, boxFile, openBoxFile } from './box-file.js'
import { BoxList, type BoxMemory } from './box-list.js'
import type { ImageSet } from './class-folder.js'

/** Whose boxes the crops of a run look at: those that come with its images, none, or a file's. */
export type BoxSource = 'data' | 'none' | BoxFile

/** How many of a set's images come with boxes. */
const boxedImages = ({ items }: Pick<ImageSet, 'items'>): number =>
  items.reduce((sum, { boxes }) => sum + (boxes?.length ? 1 : 0), 0)

/** That crops look at boxes is said where nobody asked for it. */
export const boxesNotice = (images: Pick<ImageSet, 'items'>): string =>
  `crops look at the boxes that ${formatCount(boxedImages(images))} images come with`

/** Where nothing is said: those of the images, if they have any and the augmentation's crops look at boxes. */
export const usualBoxes = (images: Pick<ImageSet, 'items'>, style: Style): 'data' | 'none' =>
  style === 'slim' && boxedImages(images) > 0 ? 'data' : 'none'

/**
 * What a user names: `data`, `none`, or a file or folder of boxes.
 *
 * Errors: `UserError` where the images come with none, where timm's crops would look at them, and for a file that cannot
 * be read.
 */
export async function chooseBoxes(
  word: string,
  images: Pick<ImageSet, 'root' | 'items'>,
  style: Style,
): Promise<BoxSource> {
  if (word === 'none') return word
  if (style === 'timm')
    throw new UserError("boxes are for Slim's crops, and timm's look at no objects: leave the boxes out", 2)
  if (word !== 'data') return await boxFile(word)
  if (boxedImages(images) === 0)
    throw new UserError(`the images of ${images.root} come with no boxes: give a file of boxes, or leave them out`, 2)
  return word
}

/** The boxes of a set's images; undefined for none. Errors: as {@link openBoxFile}. */
export async function openBoxes(
  source: BoxSource,
  images: Pick<ImageSet, 'root' | 'items'>,
): Promise<BoxMemory | undefined> {
  if (source === 'none') return undefined
  return source === 'data' ? BoxList.pack(images.items.map(({ boxes }) => boxes)) : await openBoxFile(source, images)
}
