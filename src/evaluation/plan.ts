import { BadImage } from '../data/bad-image.js'
import type { ImageSet } from '../data/class-folder.js'
import type { Extent } from '../data/crops/protocol.js'
import { readImageSizes, type SizeOptions } from '../data/image-size.js'
import { type ViewPreprocessing, viewCount } from '../data/preprocessing.js'
import { groupByShape } from './dense.js'

/** Images that one program predicts, and how they are made into its inputs. */
export interface Part {
  /** Places in the set. Every image that can be read is in equally many parts. */
  readonly images: readonly number[]
  /** The weight of this part's prediction in an image's. */
  readonly share: number
  readonly preprocessing: ViewPreprocessing
  readonly extent: Extent
  /** Inputs at a time. */
  readonly batch: number
}

export interface Plan {
  readonly parts: readonly Part[]
  /** Images whose headers tell no size, by their places in the set, and why. */
  readonly unreadable: ReadonlyMap<number, string>
}

/** One part of all images. */
export function planViews(
  { items }: ImageSet,
  preprocessing: Extract<ViewPreprocessing, { kind: 'views' }>,
  batch: number,
): Plan {
  const extent = { width: preprocessing.size, height: preprocessing.size }
  const images = items.map((_, i) => i)
  return { parts: [{ images, share: 1, preprocessing, extent, batch }], unreadable: new Map() }
}

/**
 * A part for each side and shape. `batch` is that of inputs of `size` × `size`; a part's inputs take no more memory, if
 * one image does not by itself.
 */
export async function planDense(
  set: ImageSet,
  sides: readonly number[],
  { size, batch, ...reading }: SizeOptions & { readonly size: number; readonly batch: number },
): Promise<Plan> {
  const sizes = await readImageSizes(set, reading)
  const unreadable = new Map<number, string>()
  const known = sizes.map((found, image) => {
    if (!(found instanceof BadImage)) return found
    unreadable.set(image, found.message)
    return undefined
  })
  const parts = sides.flatMap(side =>
    groupByShape(known, side).map(({ extent, images }): Part => {
      const preprocessing = { kind: 'whole', ...extent } as const
      const views = viewCount(preprocessing)
      const fitting = Math.floor((batch * size * size) / (extent.width * extent.height))
      const most = Math.min(fitting, views * images.length)
      return { images, share: 1 / sides.length, preprocessing, extent, batch: Math.max(most, 1) }
    }),
  )
  return { parts, unreadable }
}
