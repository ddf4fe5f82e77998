import type { ImageSet } from '../class-folder.js'
import type { ScanOptions } from './found-image.js'

/** Images to train on and to measure errors on. */
export const splits = ['train', 'val'] as const
export type Split = (typeof splits)[number]

export type Splits = Readonly<Partial<Record<Split, ImageSet>>>

/** A way in which a path can hold images. */
export interface Source {
  /** Whether its images are files of their own, which may lie in folders beside it. */
  readonly lists: boolean
  /**
   * The sets of `wanted` that are there; undefined when nothing at this path, a folder or a file, is of this source.
   * Errors: `UserError` for what is of this source, and damaged or incomplete.
   */
  readonly open: (place: string, wanted: readonly Split[], options: ScanOptions) => Promise<Splits | undefined>
}
