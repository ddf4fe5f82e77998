import type { EpochResult, NetworkResult } from './result.js'
import { isFraction } from './result.js'

/** How fast one network of a pair learned, and how fast the other did, over the epochs both have. */
export interface SpeedComparison {
  readonly firstEpoch: number
  readonly lastEpoch: number
  /** Top-1 error both reached: a tenth above the worse of the two at the last common epoch. */
  readonly threshold: number
  readonly pure: SpeedOfOne
  readonly residual: SpeedOfOne
}

export interface SpeedOfOne {
  /** Epochs of training until the error was first at or under the threshold, linear between epochs. */
  readonly epochs: number
  /** Training seconds until then. */
  readonly seconds: number
  /** Area under the curve of top-1 error over the common epochs, divided by their span: a mean error, 0 … 1. */
  readonly meanError: number
}

/** An epoch whose top-1 error was measured. */
export type MeasuredEpoch = EpochResult & { readonly top1Error: number }

/** The measured epochs of a network in order, each epoch once (a resumed run may have repeated its last one). */
export function measuredEpochs(network: NetworkResult): MeasuredEpoch[] {
  const byNumber = new Map<number, MeasuredEpoch>()
  for (const epoch of network.epochs) {
    const { top1Error } = epoch
    if (isFraction(top1Error) && Number.isFinite(epoch.epoch)) byNumber.set(epoch.epoch, { ...epoch, top1Error })
  }
  return [...byNumber.values()].sort((a, b) => a.epoch - b.epoch)
}

/** The comparison of two curves; `undefined` when they share fewer than three measured epochs. */
export function compareSpeed(pure: NetworkResult, residual: NetworkResult): SpeedComparison | undefined {
  const residualBy = new Map(measuredEpochs(residual).map(e => [e.epoch, e]))
  const common = measuredEpochs(pure).filter(e => residualBy.has(e.epoch))
  const others = common.map(e => residualBy.get(e.epoch)!)
  const lastPure = common.at(-1)
  const lastResidual = others.at(-1)
  if (common.length < 3 || !lastPure || !lastResidual) return undefined
  const threshold = 1.1 * Math.max(lastPure.top1Error, lastResidual.top1Error)
  return {
    firstEpoch: common[0]!.epoch,
    lastEpoch: lastPure.epoch,
    threshold,
    pure: speedOf(common, threshold),
    residual: speedOf(others, threshold),
  }
}

function speedOf(epochs: readonly MeasuredEpoch[], threshold: number): SpeedOfOne {
  let area = 0
  for (let i = 1; i < epochs.length; i++) {
    const [a, b] = [epochs[i - 1]!, epochs[i]!]
    area += ((a.top1Error + b.top1Error) / 2) * (b.epoch - a.epoch)
  }
  // Every curve ends at or under the threshold, since the threshold lies above the worse of the two ends.
  const at = epochs.findIndex(e => e.top1Error <= threshold)
  const after = epochs[at]!
  const before = epochs[at - 1] ?? after
  const drop = before.top1Error - after.top1Error
  const share = drop > 0 ? (before.top1Error - threshold) / drop : 1
  return {
    epochs: before.epoch + share * (after.epoch - before.epoch),
    seconds: before.seconds + share * (after.seconds - before.seconds),
    meanError: area / (epochs.at(-1)!.epoch - epochs[0]!.epoch),
  }
}
