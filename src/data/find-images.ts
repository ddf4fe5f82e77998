import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { UserError } from '../base/error.js'
import { imagesBelow } from './files-below.js'
import { isImageName, statOf } from './folder-entries.js'

/** Images that one word of a command line stands for. */
export interface FoundImages {
  /** How many; undefined for a folder of a hundred or more. */
  readonly count: number | undefined
  /** Their paths, once. */
  paths(): AsyncIterable<string> | Iterable<string>
}

/**
 * The images that `word` names: a file whatever its ending, all images below a folder, or, where nothing has that very
 * name, those that it matches as a pattern. In an order that depends on names only. Errors: `UserError` naming the word
 * where there is nothing of the kind.
 */
export async function findImages(word: string): Promise<FoundImages> {
  const there = await statOf(word)
  if (there?.isDirectory()) return await inFolder(word)
  if (there) return { count: 1, paths: () => [word] }
  const pattern = path.sep === '\\' ? word.replaceAll('\\', '/') : word
  if (!isDynamicPattern(pattern))
    throw new UserError(`there is no image ${word}: no such file or folder; check the path`)
  const files = await matching(pattern)
  if (files.length === 0) throw new UserError(`no image matches ${word}: check the pattern and the folder it starts in`)
  return { count: files.length, paths: () => files }
}

/** No more are counted in a folder, which may be a slow disk's. */
const mostCounted = 100

/** The first images are looked for at once, so that an empty folder is told before any work begins. */
async function inFolder(folder: string): Promise<FoundImages> {
  let count = 0
  for await (const _ of imagesBelow(folder)) if (++count === mostCounted) break
  if (count === 0)
    throw new UserError(`${folder} has no images: give a folder with JPEG, PNG or WebP files in it or below`)
  return { count: count < mostCounted ? count : undefined, paths: () => imagesBelow(folder) }
}

async function matching(pattern: string): Promise<string[]> {
  const isAbsolute = path.isAbsolute(pattern)
  const found = await glob(pattern, { expandDirectories: false, onlyFiles: true, absolute: isAbsolute })
  return (await withoutDetours(found.filter(isImageName))).sort()
}

/** Links to folders can lead in a circle, and then a file is found under many paths: the shortest is the one to keep. */
async function withoutDetours(files: readonly string[]): Promise<string[]> {
  const realFolders = new Map<string, Promise<string>>()
  const seen = new Set<string>()
  const kept: string[] = []
  for (const file of files.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const folder = path.dirname(file)
    if (!realFolders.has(folder)) realFolders.set(folder, realpath(folder))
    const place = path.join(await realFolders.get(folder)!, path.basename(file))
    if (!seen.has(place)) kept.push(file)
    seen.add(place)
  }
  return kept
}
