import type { Dirent } from 'node:fs'
import path from 'node:path'
import { isImageName, kindOf, sortedEntries, statOf } from './folder-entries.js'

/** A folder whose entries are being gone through. */
interface Open {
  readonly folder: string
  readonly entries: Iterator<Dirent>
}

/** As {@link filesBelow}, of files that end like an image. */
export const imagesBelow = (folder: string): AsyncGenerator<string, void, undefined> => filesBelow(folder, isImageName)

/**
 * The files in a folder and in all folders below whose names `accepts` takes, one after the other, in an order that
 * depends on names only. Each real folder is visited once, so that links in a circle come to an end. Hidden files are
 * passed over. Holds the entries of the folders it is in, not the files found. Errors: `UserError` for a folder that
 * cannot be read.
 */
export async function* filesBelow(
  folder: string,
  accepts: (name: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  const visited = new Set<string>()
  const enter = async (place: string): Promise<Open[]> => {
    const real = await statOf(place)
    const identity = `${real?.dev}:${real?.ino}`
    if (visited.has(identity)) return []
    visited.add(identity)
    return [{ folder: place, entries: (await sortedEntries(place)).values() }]
  }
  const open = await enter(folder)
  for (let innermost = open.at(-1); innermost; innermost = open.at(-1)) {
    const { done, value: entry } = innermost.entries.next()
    if (done) {
      open.pop()
      continue
    }
    const place = path.join(innermost.folder, entry.name)
    const kind = await kindOf(entry, place)
    if (kind === 'folder') open.push(...(await enter(place)))
    else if (kind !== 'other' && accepts(entry.name)) yield place
  }
}
