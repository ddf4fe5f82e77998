import type { Shape } from '../base/shape.js'
import { variableOf } from '../graph/ops/source.js'
import { findNetwork } from '../networks/networks.js'
import { buildModel } from '../nn/model.js'

export interface VariableOptions {
  readonly auxiliary: boolean
  /** Whether norms have scales. @default true */
  readonly normScale?: boolean
}

/** The last parameter of a network, whose only axis is its output: a classifier's bias, or the shift of an embedding's norm. */
export function outputName(network: string): string {
  const last = buildModel(findNetwork(network), { mode: 'eval', batch: 1, normScale: false }).parameters.at(-1)
  return variableOf(last!)!.name
}

/** The shapes of a published network's parameters and statistics by name, at one size of its output. */
export function variablesOf(
  network: string,
  classes: number,
  { auxiliary, normScale = true }: VariableOptions,
): ReadonlyMap<string, Shape> {
  const { graph } = buildModel(findNetwork(network), { mode: 'train', batch: 1, classes, auxiliary, normScale })
  const variables = graph.nodes
    .flatMap(({ outputs }) => Object.values(outputs).map(variableOf))
    .filter(variable => variable !== undefined)
  return new Map(variables.map(({ name, shape }) => [name, shape]))
}
