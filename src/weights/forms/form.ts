import type { Shape } from '../../base/shape.js'
import type { Layout } from '../layout.js'

/** A file's own names and those that families are written in. */
export interface Spelling {
  /** As families have it. */
  plain(own: string): string
  /** As the file has it. */
  own(plain: string): string
}

/** What the files of one framework have in common, whatever network they hold. */
export interface Form {
  /** As in "tensors of PyTorch". */
  readonly framework: string
  /** Whether weights can be written in it; layouts are then those here. */
  readonly writable: boolean
  /** How a tensor of this shape here lies there, unless its family says something else. */
  layoutOf(here: Shape): Layout
  /** How a file with these names spells them, where files of one network differ in that. */
  spelling?(names: readonly string[]): Spelling
  /** What a tensor's name ends with where it is the running average of the tensor without; the average is used. */
  readonly average?: string
  /** What a tensor is that holds nothing of a network, in the plural; undefined where it may be something of one. */
  besides(name: string): string | undefined
}
