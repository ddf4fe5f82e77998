import type { Value } from '../graph/op.js'
import { variable, variableOf } from '../graph/ops/source.js'

/** A tensor that an update rule keeps for each parameter, named after it, beginning at `value`. */
export function slotsOf(kind: string, parameters: readonly Value[], value: number): Value[] {
  return parameters.map(parameter => {
    const { name, shape } = variableOf(parameter)!
    const initial = { kind: 'constant', value } as const
    return variable(parameter.node.graph, { name: `slot/${kind}/${name}`, role: 'slot', shape, initial, decays: false })
  })
}
