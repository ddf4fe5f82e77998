import type { Shape } from '../../base/shape.js'
import type { Layout } from '../layout.js'

/** What the files of one framework have in common, whatever network they hold. */
export interface Form {
  /** As in "tensors of PyTorch". */
  readonly framework: string
  /** Whether weights can be written in it; layouts are then those here. */
  readonly writable: boolean
  /** How a tensor of this shape here lies there, unless its family says something else. */
  layoutOf(here: Shape): Layout
  /** What stands before every name in some files. */
  readonly prefix?: string
  /** What a tensor's name ends with where it is the running average of the tensor without; the average is used. */
  readonly average?: string
  /** What a tensor is that holds nothing of a network, in the plural; undefined where it may be something of one. */
  besides(name: string): string | undefined
}
