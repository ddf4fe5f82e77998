import { headScopes } from '../networks/heads.js'
import type { Frozen } from '../nn/scope.js'
import { type FineTuning, within } from './fine-tuning.js'

/** A part of a run in which the same parameters are trained. */
export interface Phase {
  /** Steps done when it begins. */
  readonly firstStep: number
  readonly frozen: Frozen
}

/** The phases of a run in order; most have one, in which all is trained. `stepsIn` says how many steps epochs take. */
export function phasesOf(
  fineTuning: Pick<FineTuning, 'freeze' | 'headOnlyEpochs'> | undefined,
  stepsIn: (epochs: number) => number,
): readonly Phase[] {
  if (fineTuning === undefined) return [{ firstStep: 0, frozen: () => false }]
  const frozen = within(fineTuning.freeze)
  const joined = stepsIn(fineTuning.headOnlyEpochs)
  if (joined === 0) return [{ firstStep: 0, frozen }]
  const inHead = within(headScopes)
  return [
    { firstStep: 0, frozen: path => frozen(path) || !inHead(path) },
    { firstStep: joined, frozen },
  ]
}

/** The phase that a step belongs to before which `done` were done. */
export const phaseAt = (phases: readonly Phase[], done: number): Phase =>
  phases.findLast(({ firstStep }) => firstStep <= done)!
