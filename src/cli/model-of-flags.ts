import type { Command } from 'commander'
import { UserError } from '../base/error.js'
import type { ModelSpec } from '../networks/model-spec.js'
import { findNetwork } from '../networks/networks.js'
import { publishedColumns } from '../nn/network.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState } from '../training/checkpoint-state.js'
import type { ModelFlags } from './model-options.js'

/** The network that the options describe. Errors: UserError when there is none of this id. */
export function modelSpec(id: string, classes: number | undefined, flags: ModelFlags): ModelSpec {
  const network = findNetwork(id)
  const { size, width, residualScale, blocks, normScale, extraNorm } = flags
  return {
    network: id,
    classes: classes ?? publishedColumns(network),
    size: size ?? network.size,
    width,
    ...(residualScale !== undefined && { residualScale }),
    ...(blocks && { blocks }),
    normScale,
    ...(extraNorm && { extraNorm }),
  }
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
