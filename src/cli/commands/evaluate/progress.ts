import { accessSync, constants, mkdirSync } from 'node:fs'
import { formatCount, formatDuration } from '../../../base/format.js'
import type { EvaluationProgress } from '../../../evaluation/pace.js'
import { fileError } from '../../../formats/file-error.js'

/** 'runs/one/…: 1,200 of 50,000 images, 35.2 images/s, 23 min 07 s left' */
export function describeProgress(
  name: string,
  { done, total, imagesPerSecond, secondsLeft }: EvaluationProgress,
): string {
  const counted = `${name}: ${formatCount(done)} of ${formatCount(total)} images`
  // Before the first images of this sitting there is no pace.
  if (!(imagesPerSecond > 0 && Number.isFinite(secondsLeft))) return counted
  return `${counted}, ${imagesPerSecond.toFixed(1)} images/s, ${formatDuration(secondsLeft)} left`
}

/** Makes a folder that can be written to, before anything takes its time. Errors: UserError when that cannot be. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw fileError('write', folder, error)
  }
}
