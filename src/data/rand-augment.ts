import { UserError } from '../base/error.js'
import type { RandomStream } from '../base/random.js'
import type { RgbImage } from './decode.js'
import { type Affine, rotation, transform } from './pillow/affine.js'
import { scaleBrightness, scaleColour, sharpen, spreadContrast } from './pillow/enhance.js'
import { autoContrast, equalize, invert, posterize, solarize, solarizeAdd } from './pillow/tones.js'
import type { Filter } from './resample.js'

/** RandAugment (Cubuk et al., arXiv:1909.13719) as timm has it. */
export interface RandAugment {
  /** How strong its operations are, of 10. */
  readonly magnitude: number
  /** Deviation of the magnitude from one operation to the next; infinite for uniform in [0, magnitude]. */
  readonly deviation: number
  /** A magnitude that was drawn is brought to [0, limit]. */
  readonly limit: number
  /** Operations an image, drawn with replacement. */
  readonly layers: number
  /** The share of the drawn operations that are carried out. */
  readonly probability: number
  /** Whether more magnitude always means more change. */
  readonly increasing: boolean
}

const sections = {
  m: { key: 'magnitude', whole: true, most: 100 },
  mstd: { key: 'deviation', whole: false, most: 1e6 },
  mmax: { key: 'limit', whole: true, most: 100 },
  n: { key: 'layers', whole: true, most: 100 },
  p: { key: 'probability', whole: false, most: 1 },
  inc: { key: 'increasing', whole: true, most: 1 },
} as const

/**
 * Reads timm's short form: rand, then any of m9 (magnitude, 10 by default), mstd0.5 (its deviation, 0; above 100:
 * uniform), mmax10 (its limit), n2 (operations), p0.5 (probability of each), inc1, separated by '-'.
 *
 * @throws {UserError} for anything else
 */
export function parseRandAugment(text: string): RandAugment {
  const wrong = (what: string): never => {
    throw new UserError(`RandAugment '${text}': ${what}; write it like rand-m9-mstd0.5`, 2)
  }
  const [name, ...parts] = text.split('-')
  if (name !== 'rand') wrong("it must begin with 'rand'")
  const numbers: Partial<Record<keyof RandAugment, number>> = {}
  for (const part of parts) {
    const [, letters = '', digits = ''] = /^([a-z]+)(\d+(?:\.\d+)?)$/.exec(part) ?? []
    if (!Object.hasOwn(sections, letters))
      wrong(
        `'${part}' is none of m, mstd, mmax, n, p, inc with a number${part.startsWith('t') ? ' (other sets of operations are not known here)' : ''}`,
      )
    const { key, whole, most } = sections[letters as keyof typeof sections]
    const value = Number(digits)
    if ((whole && !Number.isInteger(value)) || value > most)
      wrong(`'${part}' must have a ${whole ? 'whole ' : ''}number of at most ${most}`)
    if (numbers[key] !== undefined) wrong(`'${letters}' stands there twice`)
    numbers[key] = value
  }
  const { magnitude = 10, deviation = 0, limit = 0, layers = 2, probability = 0.5, increasing = 0 } = numbers
  return {
    magnitude,
    deviation: deviation > 100 ? Number.POSITIVE_INFINITY : deviation,
    // As timm reads it, a limit of 0 is none given.
    limit: limit || 10,
    layers,
    probability,
    increasing: increasing === 1,
  }
}

/** Pixels that come from outside of the image. */
const fill = 128

/** A share of the strongest, its sign drawn. */
type Signed = (most: number) => number

interface Strength {
  /** Magnitude over 10; above 1 only with a limit above 10. */
  readonly level: number
  readonly increasing: boolean
  readonly signed: Signed
  readonly filter: () => Filter
}

/** Works in place or gives another image. */
type Operation = (image: RgbImage, strength: Strength) => RgbImage

const inPlace =
  (change: (image: RgbImage, strength: Strength) => void): Operation =>
  (image, strength) => {
    change(image, strength)
    return image
  }

/** By a factor in [0.1, 1.9], or by how far from 1 it is. */
const enhanced = (change: (image: RgbImage, factor: number) => void): Operation =>
  inPlace((image, { level, increasing, signed }) =>
    change(image, increasing ? Math.max(0.1, 1 + signed(0.9)) : level * 1.8 + 0.1),
  )

const moved =
  (matrixOf: (image: RgbImage, signed: Signed) => Affine): Operation =>
  (image, { signed, filter }) =>
    transform(image, matrixOf(image, signed), filter(), fill)

const operations: readonly Operation[] = [
  inPlace(autoContrast),
  inPlace(equalize),
  inPlace(invert),
  moved((image, signed) => rotation(image, signed(30))),
  inPlace((image, { level, increasing }) => {
    const bits = Math.trunc(level * 4)
    posterize(image, Math.min(Math.max(increasing ? 4 - bits : bits, 0), 8))
  }),
  inPlace((image, { level, increasing }) => {
    const threshold = Math.min(256, Math.trunc(level * 256))
    solarize(image, increasing ? 256 - threshold : threshold)
  }),
  inPlace((image, { level }) => solarizeAdd(image, Math.min(128, Math.trunc(level * 110)))),
  enhanced(scaleColour),
  enhanced(spreadContrast),
  enhanced(scaleBrightness),
  enhanced(sharpen),
  moved((_, signed) => [1, signed(0.3), 0, 0, 1, 0]),
  moved((_, signed) => [1, 0, 0, signed(0.3), 1, 0]),
  moved(({ width }, signed) => [1, 0, signed(0.45) * width, 0, 1, 0]),
  moved(({ height }, signed) => [1, 0, 0, 0, 1, signed(0.45) * height]),
]

/**
 * Carries out operations drawn from the fifteen of timm's set.
 *
 * @param image may be written to
 * @param filter by which images are turned and moved; `random` draws one each time
 */
export function randAugment(
  image: RgbImage,
  { magnitude, deviation, limit, layers, probability, increasing }: RandAugment,
  filter: Filter | 'random',
  random: RandomStream,
): RgbImage {
  const drawn = Array.from({ length: layers }, () => operations[random.integer(operations.length)]!)
  let made = image
  for (const operation of drawn) {
    if (random.uniform() >= probability) continue
    const around =
      deviation === Number.POSITIVE_INFINITY
        ? random.uniform(0, magnitude)
        : deviation > 0
          ? magnitude + deviation * random.normal()
          : magnitude
    const level = Math.min(Math.max(around, 0), limit) / 10
    made = operation(made, {
      level,
      increasing,
      signed: most => (random.uniform() < 0.5 ? -1 : 1) * level * most,
      filter: () => (filter === 'random' ? drawFilter(random) : filter),
    })
  }
  return made
}

export const drawFilter = (random: RandomStream): Filter => (random.uniform() < 0.5 ? 'bilinear' : 'bicubic')
