import { isMany, type Node, type Value } from '../../graph/op.js'
import type { OpName } from '../../graph/ops.js'
import type { Choice } from './assign.js'
import type { Kernels, Lowering, Operand } from './kernels.js'
import { describe, isMapAt, type Layout, mapLayouts } from './layout.js'
import type { Liveness } from './liveness.js'
import { lowerings } from './lowerings.js'

/** Adds a node's launches to `k`; maps that come in another layout than the node's are brought into it first. */
export function lowerNode(
  node: Node,
  { layout, way }: Choice,
  layoutNow: (value: Value) => Layout,
  liveness: Liveness,
  k: Kernels,
): void {
  const lowering = loweringOf(node)
  const operand = (value: Value, as: Layout): Operand => ({
    dtype: value.dtype,
    shape: value.shape,
    value,
    desc: describe(k.api, value, as),
    place: { kind: 'value', value },
    ...operandFacts(liveness, node, value),
  })
  const incoming =
    (port: string) =>
    (value: Value): Operand => {
      const has = layoutNow(value)
      const wanted: Layout = isMapAt(value, port, lowering.rowMajor) ? layout : 'rowMajor'
      const given = operand(value, has)
      if (value.shape.length !== 4 || value.dtype === 'workspace' || has === wanted) return given
      if (lowering.team?.includes(port))
        throw new Error(
          `${node.scope}: ${node.op.name}: '${port}' is a feature map; the SIMD threads work on row-major`,
        )
      const other = operand(value, wanted)
      return { ...other, place: k.prepared(given, other.desc), last: false }
    }
  const x = bind(node.inputs, incoming)
  const y = bind(node.outputs, () => value => operand(value, layoutNow(value)))
  lowering.lower({ x, y, attrs: node.attrs, scope: node.scope } as never, k, way)
}

/** What lowering a node must know of a value's life. */
export const operandFacts = (liveness: Liveness, node: Node, value: Value) => ({
  fixed: liveness.isFixed(value),
  read: liveness.isRead(value),
  planned: liveness.isPlanned(value),
  last: liveness.isLastReader(node, value),
})

export const defaultChoice = (node: Node): Choice => ({ layout: mapLayouts[0], way: waysOf(node)[0]! })

/** The one place where a node meets its backend's table; a node of the closed set always has an entry. */
export const loweringOf = (node: Node): Lowering<never> =>
  lowerings[node.op.name as OpName] as unknown as Lowering<never>

/** The ways of computing a node, the default first. */
export const waysOf = (node: Node): readonly string[] => loweringOf(node).ways?.(node.attrs as never) ?? ['direct']

type Bound = Record<string, Operand | Operand[] | undefined>

function bind(ports: Node['inputs'], make: (port: string) => (value: Value) => Operand): Bound {
  return Object.fromEntries(
    Object.entries(ports).map(([port, entry]) => [
      port,
      entry && (isMany(entry) ? entry.map(make(port)) : make(port)(entry)),
    ]),
  )
}
