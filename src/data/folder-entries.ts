import type { Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { UserError } from '../base/error.js'

// What every source of images asks of the file system.

const image = /\.(jpe?g|png|webp)$/i
const unreadImage = /\.(bmp|gif|tiff?|avif|hei[cf]|jp2|jxl|p[bgpn]m|svg)$/i

/** Whether a file ends like an image that can be read. */
export const isReadableName = (name: string): boolean => image.test(name)

/** Images in formats that are not read are listed all the same, so that decoding names them and none is lost unseen. */
export const isImageName = (name: string): boolean => image.test(name) || unreadImage.test(name)

/** Without hidden entries, in code unit order whatever the file system's own. */
export async function sortedEntries(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter(entry => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    throw new UserError(`cannot read the folder ${folder}: ${faultOf(error)}`, 1, { cause: error })
  }
}

/** What an entry is once links are followed; `other` is a pipe, socket or device, which could block a reader. */
export async function kindOf(entry: Dirent, place: string): Promise<'folder' | 'file' | 'broken' | 'other'> {
  // Some network file systems do not tell the type with the name; then, and for links, ask for it.
  const known = entry.isDirectory() || entry.isFile()
  const what = known ? entry : await statOf(place)
  if (what === undefined) return 'broken'
  return what.isDirectory() ? 'folder' : what.isFile() ? 'file' : 'other'
}

/** @param layout what such a folder should hold, for the error that says it is none */
export async function requireFolder(folder: string, layout: string): Promise<void> {
  const found = await statOf(folder)
  if (found === undefined) throw new UserError(`the data folder ${folder} does not exist: check the path`)
  if (!found.isDirectory()) throw new UserError(`${folder} is a file, not a folder: ${layout}`)
}

/** Undefined when there is nothing at this place, a broken or circular link included. */
export async function statOf(place: string): Promise<Stats | undefined> {
  try {
    return await stat(place)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw new UserError(`cannot look at ${place}: ${faultOf(error)}`, 1, { cause: error })
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '')

function faultOf(error: unknown): string {
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied; allow this user to read it'
  return error instanceof Error ? error.message : String(error)
}
