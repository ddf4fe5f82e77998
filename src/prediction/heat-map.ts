import type { RgbImage } from '../data/decode.js'
import { resample } from '../data/resample.js'
import { sharp } from '../data/sharp.js'
import type { ClassActivation } from './grad-cam.js'

/** The long side of a picture, at most: a heat map has eight cells a side or so, and nothing finer to show. */
const longestSide = 1024

/**
 * A picture of what speaks for a class, as PNG bytes: the image in grey, warmer and more opaque where more speaks for the
 * class, and dimmed where no view of the network reached. The largest value of the image is the full colour. Where views
 * overlap, their means are shown.
 */
export async function drawHeatMap(image: RgbImage, activations: readonly ClassActivation[]): Promise<Buffer> {
  const scale = Math.min(1, longestSide / Math.max(image.width, image.height))
  const side = (length: number) => Math.max(1, Math.round(length * scale))
  const shown = scale < 1 ? resample(image, side(image.width), side(image.height), 'bilinear') : image
  const { heat, seen } = heatOf(shown, activations)
  const most = heat.reduce((a, b) => Math.max(a, b), 0)
  const { width, height, rgb } = shown
  const out = Buffer.alloc(rgb.length)
  for (let i = 0; i < heat.length; i++) {
    const grey = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!
    const base = seen[i]! > 0 ? grey : dimmed * grey
    const value = most > 0 ? heat[i]! / most : 0
    const colour = colourOf(value)
    for (let c = 0; c < 3; c++) out[3 * i + c] = Math.round(base + mostOpaque * value * (colour[c]! - base))
  }
  return await sharp(out, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

const dimmed = 0.35
const mostOpaque = 0.75

/** [height, width] of the picture: the mean activation over the views that reach a pixel, and how much of them do. */
function heatOf({ width, height }: RgbImage, activations: readonly ClassActivation[]) {
  const heat = new Float64Array(width * height)
  const seen = new Float64Array(width * height)
  for (const activation of activations) {
    const { place, share } = activation
    const [left, right] = pixelsWithin(place.x, place.width, width)
    const [top, bottom] = pixelsWithin(place.y, place.height, height)
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        heat[y * width + x]! += share * sample(activation, (x + 0.5) / width, (y + 0.5) / height)
        seen[y * width + x]! += share
      }
  }
  for (let i = 0; i < heat.length; i++) if (seen[i]! > 0) heat[i]! /= seen[i]!
  return { heat, seen }
}

/** The pixels whose middles lie in a stretch given in shares of a line of `length`. */
function pixelsWithin(start: number, share: number, length: number): readonly [from: number, to: number] {
  const clamp = (at: number) => Math.min(length, Math.max(0, Math.ceil(at - 0.5)))
  return [clamp(start * length), clamp((start + share) * length)]
}

/** Bilinear between the middles of the activation's cells, at a point in shares of the image. */
function sample({ width, height, values, place }: ClassActivation, x: number, y: number): number {
  const across = (x - place.x) / place.width
  const [left, right, u] = between(place.mirrored ? 1 - across : across, width)
  const [top, bottom, v] = between((y - place.y) / place.height, height)
  const row = (at: number) => values[at * width + left]! * (1 - u) + values[at * width + right]! * u
  return row(top) * (1 - v) + row(bottom) * v
}

/** The cells on either side of a point in shares of a line of `count` cells, and how far it is towards the second. */
function between(share: number, count: number): readonly [before: number, after: number, towards: number] {
  const at = Math.min(count - 1, Math.max(0, share * count - 0.5))
  const before = Math.floor(at)
  return [before, Math.min(count - 1, before + 1), at - before]
}

/** From dark red over orange to pale yellow, so that more is lighter for every eye. */
const stops = [
  [74, 8, 20],
  [200, 30, 30],
  [250, 150, 40],
  [255, 250, 190],
] as const

function colourOf(value: number): readonly number[] {
  const [before, after, towards] = between((value * (stops.length - 1) + 0.5) / stops.length, stops.length)
  return [0, 1, 2].map(c => stops[before]![c]! * (1 - towards) + stops[after]![c]! * towards)
}
