import type { LoggedEvent } from '../../training/events.js'
import type { EpochResult } from '../result.js'

/** What the log of a run says about its course. */
export interface Course {
  readonly epochs: readonly EpochResult[]
  /** Medians over the reports of the run; null when there were none. */
  readonly imagesPerSecond: number | null
  readonly stepMilliseconds: number | null
  readonly waitShare: number | null
  readonly memoryBytes: number | null
  /** Images of training and validation that could not be read and were left out. */
  readonly badImages: number
}

/** Reads the course of training from a run's events: validation errors by epoch with the training time until then. */
export function courseOf(events: readonly LoggedEvent[]): Course {
  const epochs: EpochResult[] = []
  const speeds: { rate: number; seconds: number; waited: number }[] = []
  let batch = 1
  let memoryBytes: number | null = null
  let lastStep = 0
  let seconds = 0
  let losses: { loss: number; steps: number }[] = []
  for (const event of events) {
    if (event.type === 'start') {
      batch = event.batch
      memoryBytes = event.memoryBytes
      lastStep = event.firstStep
    } else if (event.type === 'step') {
      const steps = event.step - lastStep
      lastStep = event.step
      const spent = (steps * batch) / event.imagesPerSecond
      seconds += spent
      losses.push({ loss: event.loss, steps })
      speeds.push({ rate: event.imagesPerSecond, seconds: spent, waited: spent * event.waitShare })
    } else if (event.type === 'evaluation') {
      const weight = losses.reduce((sum, { steps }) => sum + steps, 0)
      const trainLoss = losses.reduce((sum, { loss, steps }) => sum + loss * steps, 0) / weight
      const { top1Error, top5Error } = event
      epochs.push({
        epoch: Math.round(event.epoch * 100) / 100,
        seconds,
        trainLoss: finite(trainLoss),
        top1Error,
        top5Error,
      })
      losses = []
    }
  }
  const total = speeds.reduce((sum, speed) => sum + speed.seconds, 0)
  const rate = median(speeds.map(speed => speed.rate))
  return {
    epochs,
    imagesPerSecond: rate,
    stepMilliseconds: rate === null ? null : (1000 * batch) / rate,
    waitShare: total > 0 ? speeds.reduce((sum, speed) => sum + speed.waited, 0) / total : null,
    memoryBytes,
    badImages: events.filter(event => event.type === 'bad image').length,
  }
}

const finite = (n: number): number | null => (Number.isFinite(n) ? n : null)

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
