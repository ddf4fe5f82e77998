import type { Limit } from '../backend.js'
import type { GraphSubject } from './graph-subject.js'
import { mapLayouts } from './layout.js'
import { attempt, signature, type TimeSource } from './tuner.js'

/**
 * The least time that a graph's convolutions and matrix products could take: each alone, in the layout and way that is
 * fastest for it, with every tensor already in the layout that its kernel wants. Undefined where one of them cannot be
 * measured.
 */
export function limitOf(subject: GraphSubject, times: TimeSource): Limit | undefined {
  const byOp = new Map<string, { count: number; multiplyAdds: number; milliseconds: number }>()
  for (const node of subject.graph.nodes) {
    const { multiplyAdds } = node.op.cost(node.inputs, node.outputs, node.attrs)
    if (multiplyAdds === 0) continue
    const choices = mapLayouts.flatMap(layout => subject.ways(node).map(way => ({ layout, way })))
    const about = signature(node, subject)
    const measured = times.milliseconds(
      choices.map(({ layout, way }) => `alone ${about} ${layout} ${way}`),
      i =>
        attempt(() => subject.launches(node, choices[i]!))?.filter(
          launch => launch.kind === 'primitive' && !launch.isReorder,
        ),
    )
    const least = Math.min(...measured.filter(time => time !== undefined))
    // Nothing could be measured: the tensors are too large for the stopwatch.
    if (least === Number.POSITIVE_INFINITY) return undefined
    const sum = byOp.get(node.op.name) ?? { count: 0, multiplyAdds: 0, milliseconds: 0 }
    byOp.set(node.op.name, {
      count: sum.count + 1,
      multiplyAdds: sum.multiplyAdds + multiplyAdds,
      milliseconds: sum.milliseconds + least,
    })
  }
  return [...byOp].map(([op, sum]) => ({ op, ...sum }))
}
