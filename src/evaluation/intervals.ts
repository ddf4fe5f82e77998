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
export function differenceInterval(first: number, firstImages: number, second: number, secondImages: number): Interval {
  const [a, b] = [wilsonInterval(first, firstImages), wilsonInterval(second, secondImages)]
  const difference = first - second
  return {
    low: Math.max(-1, difference - Math.hypot(first - a.low, b.high - second)),
    high: Math.min(1, difference + Math.hypot(a.high - first, second - b.low)),
  }
}
