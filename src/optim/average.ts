import type { Value } from '../graph/op.js'
import { variable, variableOf } from '../graph/ops/source.js'

/** The store's name for the running average of a variable. */
export const averageName = (name: string): string => `average/${name}`

/** A running average beside each variable, beginning where the variable begins. */
export function averagesOf(variables: readonly Value[]): Value[] {
  return variables.map(value => {
    const { name, shape } = variableOf(value)!
    const initial = { kind: 'copy', of: name } as const
    return variable(value.node.graph, { name: averageName(name), role: 'average', shape, initial, decays: false })
  })
}

/** The decay at a step (from 0): the full one only after a warm-up, min(decay, (1+step)/(10+step)) as TensorFlow has it. */
export const averageDecayAt = (decay: number, step: number): number => Math.min(decay, (1 + step) / (10 + step))
