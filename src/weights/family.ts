import type { Shape } from '../base/shape.js'
import type { SingleCrop } from '../data/crops/protocol.js'
import type { Form } from './forms/form.js'
import type { Layout } from './layout.js'
import type { TensorNames } from './names.js'

/** Where public weights come from, and what it is called in a sentence; `timm` with its forerunner, Cadene's pretrained-models. */
const titles = { timm: 'timm', torch: 'torchvision', slim: 'TF-Slim', keras: 'Keras', facenet: 'facenet' } as const

export type Library = keyof typeof titles
export const libraries = Object.keys(titles) as readonly Library[]

/** Public weights of one network under the names of one library. */
export interface Family {
  readonly library: Library
  readonly form: Form
  /** The network here that computes the same function. */
  readonly network: string
  /** What it is called there. */
  readonly title: string
  /** Whether the library has no such network any more, so that files of it are read and nothing there reads ours. @default false */
  readonly retired?: boolean
  /** Where the names and the preprocessing stand. */
  readonly source: string
  /** Every tensor that the network has in evaluation. */
  readonly names: TensorNames
  /** Those of the auxiliary head, where the library has one; a file has all of them or none. */
  readonly auxiliary?: TensorNames
  /** Tensors of ours, by name, that do not lie as the form's others of their shape do. */
  readonly layouts?: Readonly<Record<string, Layout>>
  /** Whether files may lack the scales of all norms, which are then 1. @default false */
  readonly scaleless?: boolean
  /** What else such files hold, by the beginnings of its names: in the plural, as a form says it. */
  readonly besides?: Readonly<Record<string, string>>
  /** Other beginnings of their names in files of other versions: the old one for the one in `names`. */
  readonly renamed?: Readonly<Record<string, string>>
  /** How the library evaluates; pixels are scaled as the network here does it. */
  readonly crop: { readonly name: SingleCrop; readonly fraction: number }
}

export const isScale = (name: string): boolean => name.endsWith('.norm.scale')

export const layoutOf = ({ layouts, form }: Family, ours: string, here: Shape): Layout =>
  layouts?.[ours] ?? form.layoutOf(here)

/** "timm's inception_v4" */
export const describeFamily = ({ library, title }: Family): string => `${titles[library]}'s ${title}`
