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

/** What a user names: `data`, `none`, or a file or folder of boxes. Errors: as {@link boxFile}. */
export const boxSourceOf = async (word: string): Promise<BoxSource> =>
  word === 'data' || word === 'none' ? word : await boxFile(word)

/**
 * The boxes that crops of these images are to look at; undefined where nothing is asked for and there are none. Where
 * nothing is asked for, those of the images, if the augmentation's crops look at boxes; that they do is told.
 *
 * Errors: `UserError` where boxes of the images are asked for and they come with none, and where timm's crops would look
 * at boxes.
 */
export function chooseBoxes(
  asked: BoxSource | undefined,
  images: Pick<ImageSet, 'root' | 'items'>,
  { style, tell }: { readonly style: Style; readonly tell: (message: string) => void },
): BoxSource | undefined {
  if (asked === 'none') return asked
  if (asked !== undefined && style === 'timm')
    throw new UserError("boxes are for Slim's crops, and timm's look at no objects: leave the boxes out", 2)
  const boxed = boxedImages(images)
  if (asked === 'data' && boxed === 0)
    throw new UserError(`the images of ${images.root} come with no boxes: give a file of boxes, or leave them out`, 2)
  if (asked !== undefined) return asked
  if (style === 'timm' || boxed === 0) return undefined
  tell(`crops look at the boxes that ${formatCount(boxed)} images come with (--boxes none: without)`)
  return 'data'
}

/** The boxes of a set's images; undefined for none. Errors: as {@link openBoxFile}. */
export async function openBoxes(
  source: BoxSource,
  images: Pick<ImageSet, 'root' | 'items'>,
): Promise<BoxMemory | undefined> {
  if (source === 'none') return undefined
  return source === 'data' ? BoxList.pack(images.items.map(({ boxes }) => boxes)) : await openBoxFile(source, images)
}
