import type { RgbImage } from '../decode.js'

// Ops of Pillow's `ImageOps` that map each level of a channel to another one, in place and to the level.

/** What each of the 256 levels becomes. */
type Levels = (level: number) => number

function mapLevels({ rgb }: RgbImage, levels: Levels): void {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, level) => levels(level))
  for (let i = 0; i < rgb.length; i++) rgb[i] = table[rgb[i]!]!
}

/** As {@link mapLevels}, by a table for each channel that is made from how often its levels occur. */
function mapByHistogram({ rgb }: RgbImage, levelsOf: (histogram: Uint32Array) => Levels): void {
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256)
    for (let i = channel; i < rgb.length; i += 3) histogram[rgb[i]!]!++
    const levels = levelsOf(histogram)
    // A table of bytes clips what leaves the range, as Pillow's does; fractions are cut off before.
    const table = Uint8ClampedArray.from({ length: 256 }, (_, level) => Math.trunc(levels(level)))
    for (let i = channel; i < rgb.length; i += 3) rgb[i] = table[rgb[i]!]!
  }
}

const unchanged: Levels = level => level

export const invert = (image: RgbImage): void => mapLevels(image, level => 255 - level)

/** Keeps the highest `bits` of 8. */
export const posterize = (image: RgbImage, bits: number): void =>
  mapLevels(image, level => level & ~(2 ** (8 - bits) - 1))

/** Inverts levels from `threshold` on. */
export const solarize = (image: RgbImage, threshold: number): void =>
  mapLevels(image, level => (level < threshold ? level : 255 - level))

/** Adds to levels below 128. */
export const solarizeAdd = (image: RgbImage, added: number): void =>
  mapLevels(image, level => (level < 128 ? Math.min(255, level + added) : level))

/** Spreads each channel from its darkest and brightest level over all levels. */
export const autoContrast = (image: RgbImage): void =>
  mapByHistogram(image, histogram => {
    const low = histogram.findIndex(count => count > 0)
    const high = histogram.findLastIndex(count => count > 0)
    if (high <= low) return unchanged
    const scale = 255 / (high - low)
    const offset = -low * scale
    return level => level * scale + offset
  })

/** Makes every level of each channel about equally frequent. */
export const equalize = (image: RgbImage): void =>
  mapByHistogram(image, histogram => {
    const counts = histogram.filter(count => count > 0)
    const step = Math.floor((counts.reduce((sum, count) => sum + count, 0) - counts.at(-1)!) / 255)
    if (counts.length <= 1 || step === 0) return unchanged
    let below = Math.floor(step / 2)
    const levels = Array.from(histogram, count => {
      const level = Math.floor(below / step)
      below += count
      return level
    })
    return level => levels[level]!
  })
