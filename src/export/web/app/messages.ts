import type { ModelDescription } from '../description.js'

/** What the page asks of its worker. */
export type Request =
  /** `base` is the address of the page's folder. */
  | { readonly kind: 'load'; readonly base: string }
  | { readonly kind: 'classify'; readonly id: number; readonly image: Blob | ImageBitmap; readonly top: number }

export type Answer =
  /** Bytes. */
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number }
  | ({ readonly kind: 'ready' } & Ready)
  | ({ readonly kind: 'classified'; readonly id: number } & Classified)
  /** `id` of the image that could not be classified; none where the network could not be loaded. */
  | { readonly kind: 'failed'; readonly id?: number; readonly message: string }

export interface Ready {
  readonly description: ModelDescription
  readonly threads: number
}

export interface Classified {
  /** The most probable first. */
  readonly labels: readonly { readonly label: string; readonly probability: number }[]
  /** Of decoding and cropping, and of the network. */
  readonly milliseconds: { readonly image: number; readonly network: number }
}
