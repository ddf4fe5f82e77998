import type { Command } from 'commander'
import { UserError } from '../../../base/error.js'
import { realNumber } from '../../arguments.js'
import { freezeOption } from '../../engine-options.js'

export interface FineTuningFlags {
  init?: string
  classesFromData?: boolean
  freeze?: string[]
  headOnlyEpochs?: number
}

export const addFineTuningOptions = (command: Command): Command =>
  command
    .option(
      '--init <checkpoint>',
      'fine-tune: begin with the weights of this checkpoint or run; the defaults of the recipe are then others (README.md)',
    )
    .option('--classes-from-data', 'with --init: a new head for the classes of the data')
    .addOption(freezeOption())
    .option('--head-only-epochs <n>', 'with --init: train only the head for so many epochs first', realNumber(0))

/** Errors: UserError when fine-tuning is described, and not what begins it. */
export function expectInit({ init, classesFromData, freeze, headOnlyEpochs }: FineTuningFlags): void {
  if (init !== undefined) return
  const given =
    (classesFromData && '--classes-from-data') ||
    (freeze && '--freeze') ||
    (headOnlyEpochs !== undefined && '--head-only-epochs')
  if (given) throw new UserError(`${given} is for fine-tuning: say with which weights it begins (--init)`, 2)
}
