import type { CropName } from '../data/crops/protocol.js'
export type Crops =
  | { readonly kind: 'views'; readonly name: CropName }
  | { readonly kind: 'dense'; readonly sides?: readonly number[] | undefined }
