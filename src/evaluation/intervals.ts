/**
 * Score intervals at 95 % for errors counted on a sample of images. They cover which images happened to be in the
 * validation set; they do not cover the luck of one training run.
 */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** The 0.975 quantile of the standard normal distribution. */
const z = 1.959963984540054

/** Wilson's interval for an error of `error` (0 … 1) on `images` images; all of [0, 1] when there were none. */
export function wilsonInterval(error: number, images: number): Interval {
  if (!(images > 0) || !(error >= 0 && error <= 1)) return { low: 0, high: 1 }
  const scale = 1 + (z * z) / images
  const centre = (error + (z * z) / (2 * images)) / scale
  const reach = (z / scale) * Math.sqrt((error * (1 - error)) / images + (z * z) / (4 * images * images))
  return {
    low: error === 0 ? 0 : Math.max(0, centre - reach),
    high: error === 1 ? 1 : Math.min(1, centre + reach),
  }
}

/**
 * The interval of `first − second`, two errors on independent samples (Newcombe, Statistics in Medicine 17 (1998)
 * 873–890, method 10). On the same images it is too wide where the two classifiers fail together, never too narrow.
 */
export const differenceInterval = (
  first: number,
  firstImages: number,
  second: number,
  secondImages: number,
): Interval => hybrid(first, wilsonInterval(first, firstImages), second, wilsonInterval(second, secondImages), 0)

/**
 * The interval of `first − second` from the outcomes of both on the same images (Newcombe, Statistics in Medicine 17
 * (1998) 2635–2650, method 10).
 */
export function pairedInterval(counts: {
  readonly images: number
  readonly bothWrong: number
  readonly onlyFirstWrong: number
  readonly onlySecondWrong: number
}): Interval {
  const { images, bothWrong, onlyFirstWrong, onlySecondWrong } = counts
  const bothRight = images - bothWrong - onlyFirstWrong - onlySecondWrong
  if (!(images > 0) || !(bothRight >= 0)) return { low: -1, high: 1 }
  const first = (bothWrong + onlyFirstWrong) / images
  const second = (bothWrong + onlySecondWrong) / images
  const margins = first * (1 - first) * second * (1 - second) * images ** 4
  const association = bothWrong * bothRight - onlyFirstWrong * onlySecondWrong
  const corrected = association > 0 ? Math.max(association - images / 2, 0) : association
  const correlation = margins > 0 ? corrected / Math.sqrt(margins) : 0
  return hybrid(first, wilsonInterval(first, images), second, wilsonInterval(second, images), correlation)
}

function hybrid(p: number, ofP: Interval, q: number, ofQ: Interval, correlation: number): Interval {
  const root = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * correlation * a * b + b * b))
  return {
    low: Math.max(-1, p - q - root(p - ofP.low, ofQ.high - q)),
    high: Math.min(1, p - q + root(ofP.high - p, q - ofQ.low)),
  }
}
