import type { SingleCrop } from '../data/crops/protocol.js'
import type { TensorNames } from './names.js'

/** Where public weights come from: `timm` with its forerunner, Cadene's pretrained-models; `torch` is torchvision. */
export const libraries = ['timm', 'torch'] as const
export type Library = (typeof libraries)[number]

/**
 * Public weights of one network under the names of one library. Layouts are ours already: convolutions [out, in, height,
 * width], dense layers [out, in].
 */
export interface Family {
  readonly library: Library
  /** The network here that computes the same function. */
  readonly network: string
  /** What it is called there. */
  readonly title: string
  /** Where the names and the preprocessing stand. */
  readonly source: string
  /** Every tensor that the network has in evaluation. */
  readonly names: TensorNames
  /** Those of the auxiliary head, where the library has one; a file has all of them or none. */
  readonly auxiliary?: TensorNames
  /** Other beginnings of their names in files of other versions: the old one for the one in `names`. */
  readonly renamed?: Readonly<Record<string, string>>
  /** How the library evaluates; pixels are scaled as the network here does it. */
  readonly crop: { readonly name: SingleCrop; readonly fraction: number }
}

/** Counters of training steps, which batch norms of PyTorch keep; nothing here is computed from them. */
export const isIgnored = (name: string): boolean => name.endsWith('.num_batches_tracked')

export const describeFamily = ({ library, title }: Family): string =>
  `${library === 'torch' ? 'torchvision' : library}'s ${title}`
