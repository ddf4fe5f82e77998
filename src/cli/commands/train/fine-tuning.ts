import type { Command } from 'commander'
import { UserError } from '../../../base/error.js'
import type { ModelSpec } from '../../../networks/model-spec.js'
import { findNetwork } from '../../../networks/networks.js'
import type { Checkpoint } from '../../../training/checkpoint.js'
import { decodeState } from '../../../training/checkpoint-state.js'
import { realNumber } from '../../arguments.js'
import { freezeOption } from '../../engine-options.js'
import type { ModelFlags } from '../../model-options.js'

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

/** Each option that shapes a network, as a network's description has it. */
const shaping: { readonly [K in keyof Required<ModelFlags> | 'network']: (model: ModelSpec) => string } = {
  network: ({ network }) => network,
  size: ({ size }) => `${size}`,
  width: ({ width }) => `${width}`,
  residualScale: ({ residualScale }) => (residualScale === undefined ? 'the published ones' : `${residualScale}`),
  blocks: ({ network, blocks }) =>
    Object.entries({ ...findNetwork(network).blocks, ...blocks })
      .map(([name, count]) => `${name}=${count}`)
      .join(','),
  normScale: ({ normScale }) => (normScale ? 'a scale' : 'no scale'),
  extraNorm: ({ extraNorm = 'none' }) => extraNorm,
}

/**
 * The network of the checkpoint. Errors: UserError when an option of the command asks for another one; `asked` is the
 * network that all of its options describe, given the checkpoint's id where they name none.
 */
export function modelOf(origin: Checkpoint, command: Command, asked: (network: string) => ModelSpec): ModelSpec {
  const { model } = decodeState(origin)
  const { network = model.network } = command.opts<{ network?: string }>()
  const wanted = asked(findNetwork(network).id)
  for (const [name, describe] of Object.entries(shaping)) {
    if (command.getOptionValueSource(name) !== 'cli') continue
    const [theirs, ours] = [describe(model), describe(wanted)]
    const option = command.options.find(known => known.attributeName() === name)!.long
    if (theirs !== ours)
      throw new UserError(
        `${option} asks for ${ours}, and checkpoint ${origin.file} has ${theirs}: leave ${option} out`,
        2,
      )
  }
  return model
}
