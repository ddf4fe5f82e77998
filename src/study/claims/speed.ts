import type { EpochResult, NetworkResult, RunResult } from '../result.js'
import { isFraction } from '../result.js'

/** An epoch whose top-1 error was measured. */
export type MeasuredEpoch = EpochResult & { readonly top1Error: number }

/** The measured epochs of a run in order, each epoch once (a resumed run may have repeated its last one). */
export function measuredEpochs(run: RunResult): MeasuredEpoch[] {
  const byNumber = new Map<number, MeasuredEpoch>()
  for (const epoch of run.epochs) {
    const { top1Error } = epoch
    if (isFraction(top1Error) && Number.isFinite(epoch.epoch)) byNumber.set(epoch.epoch, { ...epoch, top1Error })
  }
  return [...byNumber.values()].sort((a, b) => a.epoch - b.epoch)
}

/** A point of a network's curve: the mean over its runs, and each of them. */
export interface CurvePoint {
  readonly epoch: number
  /** Mean training time until then. */
  readonly seconds: number
  readonly error: number
  /** Of each run, in the order of the seeds. */
  readonly errors: readonly number[]
}

/** The runs of a network that have measured an epoch: an interrupted study leaves others that have not. */
export const begunRuns = ({ runs }: NetworkResult): RunResult[] => runs.filter(run => measuredEpochs(run).length > 0)

/** The error by epoch, over the epochs that every run that has begun has measured. */
export function curveOf(network: NetworkResult, kind: 'top1Error' | 'top5Error' = 'top1Error'): CurvePoint[] {
  const runs = begunRuns(network).map(run => new Map(measuredEpochs(run).map(epoch => [epoch.epoch, epoch])))
  const [first, ...others] = runs
  if (!first) return []
  return [...first.keys()].flatMap((epoch): CurvePoint[] => {
    const measured = [first, ...others].flatMap(run => run.get(epoch) ?? [])
    const errors = measured.map(point => point[kind]).filter(isFraction)
    if (errors.length < runs.length) return []
    return [{ epoch, seconds: mean(measured.map(point => point.seconds)), error: mean(errors), errors }]
  })
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** When training first came to an error. */
export interface Arrival {
  readonly epochs: number
  readonly seconds: number
}

/** When a curve first was at or under `error`, linear between epochs; undefined when it never was. */
export function arrivalAt(curve: readonly CurvePoint[], error: number): Arrival | undefined {
  const at = curve.findIndex(point => point.error <= error)
  const after = curve[at]
  if (!after) return undefined
  const before = curve[at - 1] ?? after
  const drop = before.error - after.error
  const share = drop > 0 ? (before.error - error) / drop : 1
  return {
    epochs: before.epoch + share * (after.epoch - before.epoch),
    seconds: before.seconds + share * (after.seconds - before.seconds),
  }
}

/** Round errors between chance and the best of the curves, hardest last: at most five that a curve comes to. */
export function givenErrors(curves: readonly (readonly CurvePoint[])[]): number[] {
  const best = Math.min(...curves.flatMap(curve => curve.map(point => point.error)))
  const start = Math.max(...curves.flatMap(curve => curve.slice(0, 1).map(point => point.error)))
  const round = [0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3, 0.25, 0.22, 0.2, 0.175, 0.15, 0.125, 0.1, 0.075, 0.05, 0.04, 0.03]
  return round.filter(error => error >= best && error < start).slice(-5)
}

/** How fast one network of a pair learned, and how fast the other did, over the epochs both have. */
export interface SpeedComparison {
  readonly firstEpoch: number
  readonly lastEpoch: number
  /** Top-1 error both reached: a tenth above the worse of the two at the last common epoch. */
  readonly threshold: number
  readonly pure: SpeedOfOne
  readonly residual: SpeedOfOne
}

export interface SpeedOfOne extends Arrival {
  /** Area under each run's curve of top-1 error over the common epochs, divided by their span: mean errors, 0 … 1. */
  readonly meanErrors: readonly number[]
}

/** The comparison of two networks' curves; `undefined` when they share fewer than three measured epochs. */
export function compareSpeed(pure: NetworkResult, residual: NetworkResult): SpeedComparison | undefined {
  const residualBy = new Map(curveOf(residual).map(point => [point.epoch, point]))
  const common = curveOf(pure).filter(point => residualBy.has(point.epoch))
  const others = common.map(point => residualBy.get(point.epoch)!)
  const lastPure = common.at(-1)
  const lastResidual = others.at(-1)
  if (common.length < 3 || !lastPure || !lastResidual) return undefined
  const threshold = 1.1 * Math.max(lastPure.error, lastResidual.error)
  return {
    firstEpoch: common[0]!.epoch,
    lastEpoch: lastPure.epoch,
    threshold,
    pure: speedOf(common, threshold),
    residual: speedOf(others, threshold),
  }
}

function speedOf(curve: readonly CurvePoint[], threshold: number): SpeedOfOne {
  const runs = curve[0]!.errors.map((_, run) => run)
  // Every curve ends at or under the threshold, which lies above the worse of the two ends.
  return { ...arrivalAt(curve, threshold)!, meanErrors: runs.map(run => meanError(curve, run)) }
}

function meanError(curve: readonly CurvePoint[], run: number): number {
  let area = 0
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1]!, curve[i]!]
    area += ((a.errors[run]! + b.errors[run]!) / 2) * (b.epoch - a.epoch)
  }
  return area / (curve.at(-1)!.epoch - curve[0]!.epoch)
}
