import { UserError } from '../base/error.js'
import type { ModelOptions } from '../nn/model.js'
import type { Network } from '../nn/network.js'
import { type ExtraNorm, extraNorms } from '../nn/scope.js'
import { findNetwork } from './networks.js'

/** Everything that decides a network's parameters: what a checkpoint must agree on with the program that reads it. */
export interface ModelSpec {
  readonly network: string
  /** Columns of the output: classes, or an embedding's length. */
  readonly classes: number
  /** Side of the input in pixels. */
  readonly size: number
  readonly width: number
  readonly residualScale?: number
  readonly blocks?: Readonly<Record<string, number>>
  readonly normScale: boolean
  /** @default 'none' */
  readonly extraNorm?: ExtraNorm
}

export const networkOf = (spec: ModelSpec): Network => findNetwork(spec.network)

/** The part of the spec that `buildModel` takes as options. */
export function modelOptions(
  spec: ModelSpec,
): Pick<ModelOptions, 'classes' | 'size' | 'width' | 'residualScale' | 'blocks' | 'normScale' | 'extraNorm'> {
  const { classes, size, width, residualScale, blocks, normScale, extraNorm } = spec
  return { classes, size, width, residualScale, blocks, normScale, extraNorm }
}

/** What a network has otherwise than the published one of its name, in words; the input's size and the classes aside. */
export function changesOf(spec: ModelSpec): string[] {
  const { width, residualScale, extraNorm = 'none', blocks = {} } = spec
  const published = networkOf(spec).blocks
  return [
    ...(width === 1 ? [] : [`width ${width}`]),
    ...(residualScale === undefined ? [] : [`residual scale ${residualScale}`]),
    ...(extraNorm === 'none' ? [] : [`an extra norm (${extraNorm})`]),
    ...Object.entries(blocks).flatMap(([name, count]) =>
      count === published[name] ? [] : [`${count} blocks ${name}`],
    ),
  ]
}

/** Reads a spec back from JSON. Throws a UserError that names `where` when it is not one. */
export function parseModelSpec(value: unknown, where: string): ModelSpec {
  const fail = (what: string): never => {
    throw new UserError(`${where}: ${what}; it was not written by this program, or by a newer one`)
  }
  if (typeof value !== 'object' || value === null) return fail('no model')
  const spec = value as Record<string, unknown>
  const number = (key: string): number =>
    typeof spec[key] === 'number' ? spec[key] : fail(`model.${key} is not a number`)
  if (typeof spec.network !== 'string') return fail('model.network is not a name')
  return {
    network: spec.network,
    classes: number('classes'),
    size: number('size'),
    width: number('width'),
    ...(spec.residualScale === undefined ? {} : { residualScale: number('residualScale') }),
    ...(spec.blocks === undefined
      ? {}
      : { blocks: parseBlocks(spec.blocks) ?? fail('model.blocks is not a list of counts') }),
    normScale: spec.normScale !== false,
    ...(spec.extraNorm === undefined
      ? {}
      : { extraNorm: extraNorms.find(known => known === spec.extraNorm) ?? fail('model.extraNorm is unknown') }),
  }
}

function parseBlocks(value: unknown): Record<string, number> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Object.entries(value as Record<string, unknown>)
  return entries.every(([, count]) => typeof count === 'number')
    ? (Object.fromEntries(entries) as Record<string, number>)
    : undefined
}
