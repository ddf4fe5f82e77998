import path from 'node:path'
import { findImages } from '../find-images.js'
import { requireFolder } from '../folder-entries.js'
import type { ImagePlace } from '../image-place.js'
import type { ScanOptions } from '../sources/found-image.js'
import { openHeld } from '../sources/open.js'
import { splits } from '../sources/source.js'

/** An image with its name in the data: its path from there, with slashes. */
export interface NamedImage {
  readonly name: string
  readonly image: ImagePlace
}

/** The images of some data, in the order of {@link comparePaths}. */
export interface NamedImages {
  /** Whether each is a file of its own. */
  readonly isFiles: boolean
  all(): AsyncIterable<NamedImage> | Iterable<NamedImage>
}

/**
 * All images below a folder, whatever its layout and whether or not they belong to a class; or those of archives, record
 * files and tables. Errors: `UserError` where there are none, or what holds them is damaged.
 */
export async function openNamedImages(data: string, options: ScanOptions = {}): Promise<NamedImages> {
  const named = (image: ImagePlace): NamedImage => ({
    name: path.relative(data, image.path).replaceAll(path.sep, '/'),
    image,
  })
  const held = await openHeld(data, splits, options)
  if (held) {
    const images = splits.flatMap(split => held[split]?.items.map(named) ?? [])
    images.sort((a, b) => comparePaths(a.name, b.name))
    return { isFiles: images.every(({ image }) => !image.part), all: () => images }
  }
  await requireFolder(data, 'give a folder of images')
  const found = await findImages(data)
  return {
    isFiles: true,
    async *all() {
      for await (const file of found.paths()) yield named({ path: file })
    },
  }
}

/** Folder by folder, each by code units, as folders are gone through. */
export function comparePaths(a: string, b: string): number {
  const [as, bs] = [a.split('/'), b.split('/')]
  const at = as.findIndex((part, i) => part !== bs[i])
  if (at < 0) return as.length - bs.length
  return bs[at] === undefined || as[at]! > bs[at] ? 1 : -1
}
