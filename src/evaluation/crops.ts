import { cropProtocols } from '../data/crops/crops.js'
import type { CropName } from '../data/crops/protocol.js'
import { denseSides, describeDense, requireSides } from './dense.js'

/** What of an image is looked at: the views of a protocol, or all of it, fully convolutionally. */
export type Crops =
  | { readonly kind: 'views'; readonly name: CropName }
  | {
      readonly kind: 'dense'
      /** Short sides that the image is made to, in pixels. @default those of `denseSides` */
      readonly sides?: readonly number[] | undefined
    }

export const singleCrop: Crops = { kind: 'views', name: 'slim' }

/** The sides of a dense evaluation of a network trained on `size` pixels. Errors: UserError where they cannot be. */
export function sidesOf({ sides }: Extract<Crops, { kind: 'dense' }>, size: number): readonly number[] {
  const chosen = sides ?? denseSides(size)
  requireSides(chosen)
  return chosen
}

/** In words, with every choice that the papers leave open, for a network with inputs of `size` pixels. */
export function describeCrops(crops: Crops, size: number, fraction: number): string {
  if (crops.kind === 'dense') return describeDense(sidesOf(crops, size))
  const { title, describe } = cropProtocols[crops.name]
  return `${title}: ${describe(size, { fraction })}`
}
