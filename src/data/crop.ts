import type { RandomStream } from '../base/random.js'

/** A rectangle of whole pixels inside an image, from its top left corner. */
export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Bounds of the distorted crop: TF-Slim's for ImageNet by default. */
export interface CropLaw {
  /** Width over height. @default [0.75, 1.33] */
  readonly aspect?: readonly [number, number]
  /** Share of the image's area. @default [0.05, 1] */
  readonly area?: readonly [number, number]
  /** The least share of an object, or of the image where none is known, that a crop must show. @default 0.1 */
  readonly covered?: number
  /** Tries before the whole image is taken. @default 100 */
  readonly attempts?: number
}

/**
 * A random crop by the law of TensorFlow's `sample_distorted_bounding_box`: uniform in height, not in area. The kernel
 * computes in single precision, and so does this.
 *
 * @param boxes of objects, in pixels: a crop must show its share of at least one of them. TF-Slim's training passes none;
 * then the image itself is the one box.
 */
export function distortedCrop(
  width: number,
  height: number,
  random: RandomStream,
  law: CropLaw = {},
  boxes: readonly Rectangle[] = [],
): Rectangle {
  const { aspect = [0.75, 1.33], area = [0.05, 1], covered = 0.1, attempts = 100 } = law
  const objects = boxes.length > 0 ? boxes : [{ x: 0, y: 0, width, height }]
  for (let attempt = 0; attempt < attempts; attempt++) {
    const ratio = f32(f32(f32(random.uniform()) * f32(aspect[1] - aspect[0])) + f32(aspect[0]))
    const crop = cropOfAspect(width, height, ratio, area, random)
    if (crop !== undefined && objects.some(box => shows(crop, box, covered))) return crop
  }
  return { x: 0, y: 0, width, height }
}

/** Whether a crop shows so much of a box; one without a pixel is never shown. */
function shows(crop: Rectangle, box: Rectangle, share: number): boolean {
  const width = Math.min(crop.x + crop.width, box.x + box.width) - Math.max(crop.x, box.x)
  const height = Math.min(crop.y + crop.height, box.y + box.height) - Math.max(crop.y, box.y)
  const shown = Math.max(0, width) * Math.max(0, height)
  return shown >= share * box.width * box.height && box.width >= 1 && box.height >= 1
}

const f32 = Math.fround

/** One attempt; undefined when rounding leaves no rectangle of this aspect within the bounds of the area. */
function cropOfAspect(
  width: number,
  height: number,
  ratio: number,
  area: readonly [number, number],
  random: RandomStream,
): Rectangle | undefined {
  const least = f32(f32(f32(area[0]) * width) * height)
  const most = f32(f32(f32(area[1]) * width) * height)
  const widthOf = (h: number) => roundHalfEven(f32(h * ratio))

  let tallest = roundHalfEven(f32(Math.sqrt(f32(most / ratio))))
  if (widthOf(tallest) > width) {
    // The largest height whose width, rounded, still fits; one less where single precision overshoots.
    tallest = Math.trunc((width + 0.5 - f32(1e-7)) / ratio)
    if (widthOf(tallest) > width) tallest -= 1
  }
  tallest = Math.min(tallest, height)
  let h = Math.min(roundHalfEven(f32(Math.sqrt(f32(least / ratio)))), tallest)
  if (h < tallest) h += random.integer(tallest - h + 1)
  let w = widthOf(h)

  // Rounding may put the area just outside the bounds: one pixel more or less mends it.
  if (w * h < least) {
    h += 1
    w = widthOf(h)
  }
  if (w * h > most) {
    h -= 1
    w = widthOf(h)
  }
  if (w * h < least || w * h > most || w > width || h > height || w <= 0 || h <= 0) return undefined
  // The kernel's upper ends are excluded: a crop smaller than the image never touches the right or lower edge.
  const y = h < height ? random.integer(height - h) : 0
  const x = w < width ? random.integer(width - w) : 0
  return { x, y, width: w, height: h }
}

/** C's lrintf: to the nearest whole number, ties to the even one. */
function roundHalfEven(value: number): number {
  const down = Math.floor(value)
  const rest = value - down
  if (rest === 0.5) return down % 2 === 0 ? down : down + 1
  return rest > 0.5 ? down + 1 : down
}

/**
 * The centre of an image with `fraction` of each side, as TensorFlow's `central_crop`: for TF-Slim's 0.875 it leaves
 * ⌊side/16⌋ pixels out on either side.
 */
export function centralCrop(width: number, height: number, fraction: number): Rectangle {
  const x = Math.floor((width - width * fraction) / 2)
  const y = Math.floor((height - height * fraction) / 2)
  return { x, y, width: width - 2 * x, height: height - 2 * y }
}
