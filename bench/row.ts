import { formatPercent } from '../src/base/format.js'
import { quiet } from './neighbours.js'
import type { Material } from './peers/material.js'
import type { Torch } from './peers/torch.js'

/** What a measurement may use. */
export interface Setting {
  readonly rounds: number
  /** Seconds to wait for a quiet machine before each turn. */
  readonly patience: number
  /** Threads of everyone who takes part. */
  readonly threads: number
  readonly torch: Torch
  readonly material: Material
  /** Tells the user how it goes. */
  readonly say: (line: string) => void
}

/** A bound on a ratio. */
export type Target = { readonly atLeast: number } | { readonly atMost: number }

/** One number of ours beside one of somebody else's, or beside a fixed one. */
export interface Comparison {
  /** What of ours is compared: 'speed', 'peak memory with --recompute'. */
  readonly what: string
  readonly against: string
  readonly unit: 'images/s' | 'bytes' | 'ms'
  readonly ours: number
  readonly theirs: number
  /** Ours over theirs; where rounds were run, the median of the rounds' ratios. */
  readonly ratio: number
  /** The largest of the rounds' ratios over the least: how steady the machine was. */
  readonly spread?: number
  /** Absent where the number is only for information. */
  readonly target?: Target
}

export interface Skipped {
  readonly what: string
  readonly why: string
}

export interface Measurement {
  readonly comparisons: readonly Comparison[]
  readonly skipped: readonly Skipped[]
  readonly versions: Readonly<Record<string, string>>
  /** The largest share of the machine's cores that other processes had during a turn, where it is known. */
  readonly neighbours?: number
}

/** A row of the target table: how it is measured, and where it stands. */
export interface Row {
  /** Words joined by hyphens, which `--only` selects by. */
  readonly id: string
  /** The table it belongs to. */
  readonly table: string
  readonly title: string
  /** Throws where our own part cannot be measured; a peer that cannot is `skipped`. */
  measure(setting: Setting): Promise<Measurement>
}

/** Rounds whose ratios lie further apart than this say little. */
const steady = 1.3

/** What speaks against a comparison's verdict: a busy neighbour, or rounds that disagree. Memory is beyond both. */
export function doubts({ unit, spread = 1 }: Comparison, { neighbours = 0 }: Measurement): string[] {
  if (unit === 'bytes') return []
  return [
    ...(spread > steady ? [`rounds differ ${spread.toFixed(1)} times`] : []),
    ...(neighbours > quiet ? [`others used up to ${formatPercent(neighbours)} of the cores`] : []),
  ]
}

/** Whether a row need not be measured again. */
export const settled = (measured: Measurement): boolean =>
  measured.comparisons.every(comparison => doubts(comparison, measured).length === 0)

export const reached = ({ ratio, target }: Comparison): boolean | undefined =>
  target && ('atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost)
