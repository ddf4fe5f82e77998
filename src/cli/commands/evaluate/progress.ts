import { formatCount, formatDuration } from '../../../base/format.js'
import type { EvaluationProgress } from '../../../evaluation/pace.js'

/** '1,200 of 50,000 images, 35.2 images/s, 23 min 07 s left: runs/one/…'; the name last, since a terminal cuts the end. */
export function describeProgress(name: string, progress: EvaluationProgress): string {
  const { done, total, imagesPerSecond, secondsLeft } = progress
  const counted = `${formatCount(done)} of ${formatCount(total)} images`
  // Before the first images of this sitting there is no pace.
  if (!(imagesPerSecond > 0 && Number.isFinite(secondsLeft))) return `${counted}: ${name}`
  return `${counted}, ${imagesPerSecond.toFixed(1)} images/s, ${formatDuration(secondsLeft)} left: ${name}`
}
