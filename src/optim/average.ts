import type { Value } from '../graph/op.js'
import { type Variable, variable, variableOf } from '../graph/ops/source.js'

/** The store's name for the running average of a variable. */
export const averageName = (name: string): string => `average/${name}`

/** Whether a variable is one that evaluation reads, so that a running average is kept of it. */
export const hasAverage = ({ role }: Variable): boolean => role === 'parameter' || role === 'statistic'

/** The running average of a variable, beginning where the variable is when it is declared. */
export const averageOf = ({ name, shape }: Variable): Variable => ({
  name: averageName(name),
  role: 'average',
  shape,
  initial: { kind: 'copy', of: name },
  decays: false,
})

/** A running average beside each variable. */
export const averagesOf = (variables: readonly Value[]): Value[] =>
  variables.map(value => variable(value.node.graph, averageOf(variableOf(value)!)))

/** The decay at a step (from 0): the full one only after a warm-up, min(decay, (1+step)/(10+step)) as TensorFlow has it. */
export const averageDecayAt = (decay: number, step: number): number => Math.min(decay, (1 + step) / (10 + step))
