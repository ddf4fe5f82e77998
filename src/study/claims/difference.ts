import { differenceInterval, type Interval, wilsonInterval } from '../../evaluation/intervals.js'
import type { PairedErrors, StudyResult } from '../result.js'

/** The errors of a network's runs, or the one error of a single run or ensemble, on this many images. */
export interface Errors {
  readonly values: readonly number[]
  readonly images: number
}

/** The 0.975 quantile of the standard normal distribution. */
const z = 1.959963984540054

/** The 0.975 quantile of Student's distribution with 1, 2 … 10 degrees of freedom; z is within a tenth beyond 30. */
const studentQuantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
const student = (freedom: number): number =>
  studentQuantiles[Math.floor(freedom) - 1] ?? (freedom < 20 ? 2.179 : freedom < 30 ? 2.086 : 2.042)

export const meanOf = ({ values }: Errors): number => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * A 95 % interval for the mean error. One run: Wilson's, which covers which images are in the validation set. Several:
 * Student's over the runs, which covers the luck of training, widened by the sampling of the images.
 */
export function intervalOf(errors: Errors): Interval {
  const mean = meanOf(errors)
  if (errors.values.length < 2) return wilsonInterval(mean, errors.images)
  const reach = Math.hypot(
    student(errors.values.length - 1) * Math.sqrt(varianceOfMean(errors)),
    z * Math.sqrt((mean * (1 - mean)) / errors.images),
  )
  return { low: Math.max(0, mean - reach), high: Math.min(1, mean + reach) }
}

/** A difference of two errors with its 95 % interval. */
export interface Difference {
  readonly difference: number
  readonly interval: Interval
  /** Whether the interval knows which images each got wrong. */
  readonly paired: boolean
}

/**
 * The difference `first − second` of mean errors. Its interval joins two parts: the luck of training, by Welch's
 * formula over the runs where both have several; and the choice of images, from the image-by-image outcomes where
 * there are any, else as if each had been measured on images of its own.
 */
export function differenceOf(first: Errors, second: Errors, paired?: PairedErrors): Difference {
  const [a, b] = [meanOf(first), meanOf(second)]
  const difference = a - b
  const ofImages = paired ? pairedInterval(difference, paired) : differenceInterval(a, first.images, b, second.images)
  const ofRuns = reachOverRuns(first, second)
  return {
    difference,
    interval: {
      low: Math.max(-1, difference - Math.hypot(difference - ofImages.low, ofRuns)),
      high: Math.min(1, difference + Math.hypot(ofImages.high - difference, ofRuns)),
    },
    paired: paired !== undefined,
  }
}

/** With the four pseudo-outcomes of Agresti and Min (Statistics in Medicine 24 (2005) 729–740), so that it cannot vanish. */
function pairedInterval(difference: number, { images, deviation }: PairedErrors): Interval {
  const reach = (z * Math.sqrt(deviation ** 2 * images + 1)) / (images + 2)
  return { low: difference - reach, high: difference + reach }
}

/** Welch's half-width; 0 where one of the two was trained once, so that nothing is known of its luck. */
function reachOverRuns(first: Errors, second: Errors): number {
  const [k, m] = [first.values.length, second.values.length]
  if (k < 2 || m < 2) return 0
  const [u, v] = [varianceOfMean(first), varianceOfMean(second)]
  if (u + v === 0) return 0
  const freedom = (u + v) ** 2 / (u ** 2 / (k - 1) + v ** 2 / (m - 1))
  return student(Math.max(1, freedom)) * Math.sqrt(u + v)
}

function varianceOfMean(errors: Errors): number {
  const { values } = errors
  const mean = meanOf(errors)
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) / values.length
}

/** The image-by-image comparison of two subjects under a protocol, in this order, if there is one. */
export function pairedOf(
  { paired }: Pick<StudyResult, 'paired'>,
  protocol: string,
  first: string,
  second: string,
): PairedErrors | undefined {
  const found = paired.find(
    p =>
      p.protocol === protocol &&
      ((p.first === first && p.second === second) || (p.first === second && p.second === first)),
  )
  return found && found.first !== first ? { ...found, first, second, difference: -found.difference } : found
}
