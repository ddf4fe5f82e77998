import { mapLayouts } from '../../src/backends/onednn/layout.js'
import type { Chooser, Subject } from '../../src/backends/onednn/tuner.js'
import type { Node } from '../../src/graph/op.js'

/** Takes the candidate that the default is not: the last one that the library has generated code for. */
export const otherKernels: Chooser = {
  choose: subject =>
    new Map(
      subject.graph.nodes.flatMap(node => {
        const choice = subject.settled(node) ? undefined : candidatesOf(subject, node).at(-1)
        return choice ? [[node, choice] as const] : []
      }),
    ),
}

const candidatesOf = (subject: Subject, node: Node) =>
  mapLayouts
    .flatMap(layout => subject.ways(node).map(way => ({ layout, way })))
    .filter(choice => {
      try {
        return !subject
          .launches(node, choice)
          .some(launch => launch.kind === 'primitive' && launch.primitive.implementation.startsWith('ref'))
      } catch {
        return false
      }
    })
