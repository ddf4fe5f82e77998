import { formatCount, formatSi, formatTable } from '../../../base/format.js'
import { formatShape, type Shape, sizeOf } from '../../../base/shape.js'
import { flatten, type Node, type Value } from '../../../graph/op.js'
import { variableOf } from '../../../graph/ops/source.js'
import type { Summary } from '../../../networks/summary.js'

export interface Stage {
  readonly stage: string
  readonly shape: Shape
  readonly parameters: number
  readonly multiplyAdds: number
}

/** Named stages in order, each with the parameters and the work that are its own. */
export function stagesOf({ endpoints, graph }: Summary['model']): Stage[] {
  const names = [...endpoints.keys()]
  const parents = (scope: string) => scope.split('.').map((_, depth, parts) => parts.slice(0, depth).join('.'))
  const wrappers = new Set(names.flatMap(parents))
  // A stage that only wraps others, like 'stem' around 'stem.conv_1a', would count them twice.
  const leaves = names.filter(name => !wrappers.has(name))
  const nodesOf = new Map(leaves.map(stage => [stage, [] as Node[]]))
  for (const node of graph.nodes)
    for (const scope of [node.scope, ...parents(node.scope)]) nodesOf.get(scope)?.push(node)
  return leaves.map(stage => {
    const nodes = nodesOf.get(stage)!
    const own = nodes.flatMap(node => flatten(node.outputs)).filter((v: Value) => variableOf(v)?.role === 'parameter')
    return {
      stage,
      shape: endpoints.get(stage)!.shape.slice(1),
      parameters: own.reduce((sum, value) => sum + sizeOf(value.shape), 0),
      multiplyAdds: nodes.reduce(
        (sum, { op, inputs, outputs, attrs }) => sum + op.cost(inputs, outputs, attrs).multiplyAdds,
        0,
      ),
    }
  })
}

/** The stages as a table, with a line of totals. */
export function stageTable(stages: readonly Stage[], { parameters, multiplyAdds }: Summary): string {
  const rows = stages.map(s => [s.stage, formatShape(s.shape), formatCount(s.parameters), formatSi(s.multiplyAdds)])
  rows.push(['total', '', formatCount(parameters), formatSi(multiplyAdds)])
  return formatTable(['stage', 'shape', 'parameters', 'multiply-adds'], rows)
}
