import path from 'node:path'
import { UserError } from '../base/error.js'
import { isImageName, kindOf, requireFolder, sortedEntries } from './folder-entries.js'

const layout = 'a folder without classes holds the images themselves'

/**
 * Opens a folder of images without class folders. Links are followed; hidden files, and files that do not end like an
 * image, are passed over.
 *
 * @returns the images' paths by name in code unit order
 * @throws {UserError} if the folder is missing, unreadable, without images, or has folders in it, whose images would be
 * lost unseen
 */
export async function openFlat(folder: string): Promise<{ readonly root: string; readonly paths: readonly string[] }> {
  await requireFolder(folder, layout)
  const paths: string[] = []
  for (const entry of await sortedEntries(folder)) {
    const place = path.join(folder, entry.name)
    const kind = await kindOf(entry, place)
    if (kind === 'folder')
      throw new UserError(
        `${folder} has a folder '${entry.name}' in it: give a folder of images only, or one of classes`,
      )
    if (kind !== 'other' && isImageName(entry.name)) paths.push(place)
  }
  if (paths.length === 0) throw new UserError(`${folder} has no images: ${layout}`)
  return { root: folder, paths }
}
