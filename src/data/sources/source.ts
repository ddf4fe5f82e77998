import type { ImageSet } from '../class-folder.js'
import type { ScanOptions } from './found-image.js'

/** Images to train on and to measure errors on. */
export const splits = ['train', 'val'] as const
export type Split = (typeof splits)[number]

export type Splits = Readonly<Partial<Record<Split, ImageSet>>>

/** Where class folders lie at a path: at the path itself, or in its train/ or val/. */
export type ClassFolders = 'place' | 'splits'

/** A way in which a path can hold images. */
export interface Source {
  /** Where class folders may lie so that this counts all the same. Nowhere for archives: those folders came from them. */
  readonly beside: readonly ClassFolders[]
  /**
   * The sets of `wanted` that are there; undefined when nothing at this path, a folder or a file, is of this source.
   * Errors: `UserError` for what is of this source, and damaged or incomplete.
   */
  readonly open: (place: string, wanted: readonly Split[], options: ScanOptions) => Promise<Splits | undefined>
}
