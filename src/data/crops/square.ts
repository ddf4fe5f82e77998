import type { Rectangle } from '../crop.js'
import type { Extent, View } from './protocol.js'

// What 10, 12 and 144 crops share: an image resized to a short side, squares of it, and crops of a square.

/** GoogLeNet's short sides, for crops of 224. */
const googlenetSides = [256, 288, 320, 352] as const

/**
 * Short sides for crops of `size`: GoogLeNet's in proportion, rounded. For 299 the papers give none; these are 342, 384,
 * 427 and 470.
 */
export const shortSides = (size: number): readonly number[] =>
  googlenetSides.map(side => Math.round((side * size) / 224))

/** The image with its short side made `short`, the long one in proportion, rounded half up. */
export function withShortSide({ width, height }: Extent, short: number): Extent {
  const long = (side: number, over: number) => Math.floor((2 * side * short + over) / (2 * over))
  return width <= height ? { width: short, height: long(height, width) } : { width: long(width, height), height: short }
}

/** The squares at the near end (left or top), the centre and the far end of an image. */
export function squares({ width, height }: Extent): readonly [near: Rectangle, centre: Rectangle, far: Rectangle] {
  const side = Math.min(width, height)
  const at = (share: (rest: number) => number): Rectangle => ({
    x: share(width - side),
    y: share(height - side),
    width: side,
    height: side,
  })
  return [at(() => 0), at(rest => Math.floor(rest / 2)), at(rest => rest)]
}

/** Crops of `size` × `size` at a square's corners (top left, top right, bottom left, bottom right) and centre. */
export function cornersAndCentre(square: Rectangle, size: number): Rectangle[] {
  const rest = square.width - size
  const middle = Math.floor(rest / 2)
  return [
    [0, 0],
    [rest, 0],
    [0, rest],
    [rest, rest],
    [middle, middle],
  ].map(([x, y]) => ({ x: square.x + x!, y: square.y + y!, width: size, height: size }))
}

/** Each crop as it is, then mirrored. */
export const withMirrors = (resized: Extent, crops: readonly Rectangle[]): View[] =>
  crops.flatMap(from => [false, true].map(mirrored => ({ resized, from, mirrored })))
