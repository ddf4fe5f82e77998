import type { Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../base/error.js'

/** Images with labels, in a fixed order that depends on names only. */
export interface ImageSet {
  /** The folder the set was read from. */
  readonly root: string
  /** Class names in code unit order; a label is a place in this list. */
  readonly classes: readonly string[]
  /** Class by class, within a class by path in code unit order. */
  readonly items: readonly { readonly path: string; readonly label: number }[]
}

const layout = 'a data folder holds train/<class>/*.jpg and val/<class>/*.jpg'
const image = /\.(jpe?g|png|webp)$/i
/** Images in formats that are not read: listed all the same, so that decoding names them and none is lost unseen. */
const unreadImage = /\.(bmp|gif|tiff?|avif|hei[cf]|jp2|jxl|p[bgpn]m|svg)$/i

/**
 * Opens `folder`/train and `folder`/val.
 *
 * @throws {UserError} if a folder is missing, unreadable or empty, a class has no images, or the classes differ
 */
export async function openTrainingData(folder: string): Promise<{ train: ImageSet; val: ImageSet }> {
  await requireFolder(folder)
  for (const split of ['train', 'val'])
    if (!(await statOf(path.join(folder, split)))?.isDirectory())
      throw new UserError(`${folder} has no folder '${split}': ${layout}`)
  const train = await openSplit(path.join(folder, 'train'))
  const val = await openSplit(path.join(folder, 'val'))
  requireSameClasses(train, val)
  return { train, val }
}

/**
 * Opens what evaluation measures on: `folder`/val, or `folder` itself when it holds the class folders directly.
 *
 * @throws {UserError} as {@link openTrainingData}
 */
export async function openEvaluationData(folder: string): Promise<ImageSet> {
  await requireFolder(folder)
  if ((await statOf(path.join(folder, 'val')))?.isDirectory()) return await openSplit(path.join(folder, 'val'))
  if ((await statOf(path.join(folder, 'train')))?.isDirectory())
    throw new UserError(`${folder} has a folder 'train' but no 'val' to evaluate on: ${layout}`)
  return await openSplit(folder)
}

/**
 * Opens one folder of class folders. Class folders are read with all their sub-folders; links are followed; hidden
 * files, and files that do not end like an image, are passed over.
 *
 * @throws {UserError} as {@link openTrainingData}
 */
export async function openSplit(folder: string): Promise<ImageSet> {
  await requireFolder(folder)
  const classes: string[] = []
  const items: { path: string; label: number }[] = []
  let strayImages = 0
  for (const entry of await sortedEntries(folder)) {
    const place = path.join(folder, entry.name)
    const kind = await kindOf(entry, place)
    if (kind === 'folder') {
      const files: string[] = []
      await collectImages(place, files, new Set())
      if (files.length === 0)
        throw new UserError(
          `the class folder ${place} has no images: put JPEG, PNG or WebP files into it or remove the folder`,
        )
      for (const file of files) items.push({ path: file, label: classes.length })
      classes.push(entry.name)
    } else if (kind === 'broken' && !image.test(entry.name)) {
      throw new UserError(`${place} is a link to nothing: mend the link or remove it`)
    } else if (image.test(entry.name)) strayImages++
  }
  if (classes.length === 0)
    throw new UserError(
      strayImages > 0
        ? `${folder} holds ${strayImages} images but no class folders: put the images into one folder a class`
        : `${folder} is empty: ${layout}`,
    )
  return { root: folder, classes, items }
}

/** @throws {UserError} naming the classes that only one of the two sets has */
export function requireSameClasses(a: ImageSet, b: ImageSet): void {
  const onlyIn = (one: ImageSet, other: ImageSet) => {
    const known = new Set(other.classes)
    const extra = one.classes.filter(name => !known.has(name))
    if (extra.length === 0) return []
    const more = extra.length > 5 ? ` and ${extra.length - 5} more` : ''
    return [`only ${one.root} has ${extra.slice(0, 5).join(', ')}${more}`]
  }
  const differences = [...onlyIn(a, b), ...onlyIn(b, a)]
  if (differences.length > 0)
    throw new UserError(`the class folders differ: ${differences.join('; ')}: both need the same classes`)
}

/** Images below `folder`, each real folder visited once a class, so that links in a circle come to an end. */
async function collectImages(folder: string, files: string[], visited: Set<string>): Promise<void> {
  const real = await statOf(folder)
  const identity = `${real?.dev}:${real?.ino}`
  if (visited.has(identity)) return
  visited.add(identity)
  for (const entry of await sortedEntries(folder)) {
    const place = path.join(folder, entry.name)
    const kind = await kindOf(entry, place)
    if (kind === 'folder') await collectImages(place, files, visited)
    else if (kind !== 'other' && (image.test(entry.name) || unreadImage.test(entry.name))) files.push(place)
  }
}

/** Without hidden entries, in code unit order whatever the file system's own. */
async function sortedEntries(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter(entry => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    throw new UserError(`cannot read the folder ${folder}: ${faultOf(error)}`, 1, { cause: error })
  }
}

/** What an entry is once links are followed; `other` is a pipe, socket or device, which could block a reader. */
async function kindOf(entry: Dirent, place: string): Promise<'folder' | 'file' | 'broken' | 'other'> {
  // Some network file systems do not tell the type with the name; then, and for links, ask for it.
  const known = entry.isDirectory() || entry.isFile()
  const what = known ? entry : await statOf(place)
  if (what === undefined) return 'broken'
  return what.isDirectory() ? 'folder' : what.isFile() ? 'file' : 'other'
}

async function requireFolder(folder: string): Promise<void> {
  const found = await statOf(folder)
  if (found === undefined) throw new UserError(`the data folder ${folder} does not exist: check the path`)
  if (!found.isDirectory()) throw new UserError(`${folder} is a file, not a folder: ${layout}`)
}

/** Undefined when there is nothing at this place, a broken or circular link included. */
async function statOf(place: string): Promise<Stats | undefined> {
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
