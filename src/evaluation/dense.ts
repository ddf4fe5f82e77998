import { UserError } from '../base/error.js'
import type { Extent } from '../data/crops/protocol.js'

/** Short sides of He et al. (arXiv:1512.03385, §3.4), for networks trained on 224 pixels. */
const sidesFor224 = [224, 256, 384, 480, 640]

/** The same in proportion for a network trained on `size` pixels, rounded: 299, 342, 513, 641 and 854 for 299. */
export const denseSides = (size: number): readonly number[] => sidesFor224.map(side => Math.round((side * size) / 224))

/** Long sides are multiples of this, so that the images of a set have few shapes. */
const step = 32
/** Longer images are squashed to so many times their short side. */
const mostAspect = 3

/** What a whole image is made to: its short side `side`, the long one in proportion as far as it is a multiple of 32. */
export function denseExtent({ width, height }: Extent, side: number): Extent {
  const aspect = Math.max(width, height) / Math.min(width, height)
  const most = Math.max(side, Math.floor((mostAspect * side) / step) * step)
  const long = Math.min(most, Math.max(side, Math.round((aspect * side) / step) * step))
  return width <= height ? { width: side, height: long } : { width: long, height: side }
}

export const describeDense = (sides: readonly number[]): string =>
  `dense: the whole image, short side ${sides.join(', ')}, long side in proportion to the nearest multiple of ${step} ` +
  `(at most ${mostAspect} times the short one), bicubic as Pillow; class scores averaged over all positions; ` +
  `probabilities over plain and mirrored${sides.length > 1 ? ' and over the sides' : ''}`

/** @throws {UserError} unless these are distinct whole numbers */
export function requireSides(sides: readonly number[]): void {
  for (const side of sides)
    if (!Number.isSafeInteger(side) || side < 1)
      throw new UserError(`side ${side} of dense evaluation: must be a whole number of at least 1`, 2)
  if (sides.length === 0) throw new UserError('dense evaluation needs a side: give at least one, in pixels', 2)
  if (new Set(sides).size < sides.length)
    throw new UserError(`sides ${sides.join(', ')} of dense evaluation: give each once`, 2)
}

/** Images that are made to the same shape. */
export interface ShapeGroup {
  readonly extent: Extent
  /** Places in the list of sizes, in order. */
  readonly images: readonly number[]
}

/** The images of these sizes by the shape that they are made to, the smallest shape first; those without size nowhere. */
export function groupByShape(sizes: readonly (Extent | undefined)[], side: number): ShapeGroup[] {
  const groups = new Map<string, { extent: Extent; images: number[] }>()
  for (const [image, size] of sizes.entries()) {
    if (size === undefined) continue
    const extent = denseExtent(size, side)
    const key = `${extent.width}×${extent.height}`
    const group = groups.get(key)
    if (group) group.images.push(image)
    else groups.set(key, { extent, images: [image] })
  }
  return [...groups.values()].sort((a, b) => a.extent.width - b.extent.width || a.extent.height - b.extent.height)
}
