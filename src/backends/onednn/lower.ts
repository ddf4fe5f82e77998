import { bytesPerElement, type Dtype } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { flatten, type Graph, type Node, type Value } from '../../graph/op.js'
import { type Input, inputOp, variableOf } from '../../graph/ops/source.js'
import type { OpName } from '../../graph/ops.js'
import type { Api, Descriptor } from './api.js'
import { Kernels, type Launch, type Lowering, type Operand } from './kernels.js'
import { lowerings } from './lowerings.js'

type Layout = 'rowMajor' | 'channelsLast'

/** A graph as launches over symbolic places, with all that is needed to give them memory. */
export interface Lowered {
  readonly steps: readonly { readonly node: Node; readonly launches: readonly Launch[] }[]
  readonly preparations: readonly { readonly node: Node; readonly launch: Launch }[]
  readonly constantBytes: readonly number[]
  readonly scratchBytes: number
  readonly bytes: ReadonlyMap<Value, number>
  readonly layouts: ReadonlyMap<Value, Layout>
  /** Values whose storage must be in team memory. */
  readonly team: ReadonlySet<Value>
  readonly mutated: ReadonlySet<Value>
}

/** Chooses a kernel for every node. Nothing is allocated and nothing runs yet. */
export function lower(graph: Graph, api: Api, outputs: readonly Value[]): Lowered {
  const layouts = new Map<Value, Layout>()
  const bytes = new Map<Value, number>()
  const team = new Set<Value>()
  const mutated = new Set<Value>()
  const read = new Set<Value>(outputs)
  for (const node of graph.nodes) {
    for (const value of flatten(node.inputs)) read.add(value)
    for (const port of node.op.mutates ?? []) for (const value of portValues(node, port as string)) mutated.add(value)
    for (const port of loweringOf(node).team ?? []) for (const value of portValues(node, port)) team.add(value)
    for (const value of Object.values(node.outputs)) {
      layouts.set(value, layoutOf(node, value))
      bytes.set(value, sizeOf(value.shape) * bytesPerElement(value.dtype))
    }
  }

  const steps: { node: Node; launches: Launch[] }[] = []
  const preparations: { node: Node; launch: Launch }[] = []
  const constantBytes: number[] = []
  let scratchBytes = 0
  for (const node of graph.nodes) {
    const lowering = loweringOf(node)
    const k = new Kernels(api, constantBytes.length)
    const operand = (value: Value, layout: Layout): Operand => ({
      dtype: value.dtype,
      shape: value.shape,
      value,
      desc: describe(api, value, layout),
      place: { kind: 'value', value },
      fixed: variableOf(value) !== undefined && !mutated.has(value),
      read: read.has(value),
    })
    const incoming =
      (port: string) =>
      (value: Value): Operand => {
        const wanted: Layout = isMap(value) && !lowering.rowMajor?.includes(port) ? 'channelsLast' : 'rowMajor'
        const has = operand(value, layouts.get(value)!)
        if (!isMap(value) || value.dtype === 'workspace' || layouts.get(value) === wanted) return has
        if (lowering.team?.includes(port))
          throw new Error(
            `${node.scope}: ${node.op.name}: '${port}' is channels-last; what the SIMD threads work on is row-major`,
          )
        const other = operand(value, wanted)
        return { ...other, place: k.prepared(has, other.desc) }
      }
    const x = bind(node.inputs, incoming)
    const y = bind(node.outputs, () => value => operand(value, layouts.get(value)!))
    lowering.lower({ x, y, attrs: node.attrs, scope: node.scope } as never, k)
    for (const [value, size] of k.workspaceBytes) bytes.set(value, size)
    constantBytes.push(...k.constantBytes)
    scratchBytes = Math.max(scratchBytes, k.scratchBytes)
    for (const launch of k.preparations) preparations.push({ node, launch })
    if (k.launches.length > 0) steps.push({ node, launches: k.launches })
  }
  return { steps, preparations, constantBytes, scratchBytes, bytes, layouts, team, mutated }
}

/** The one place where a node meets its backend's table; a node of the closed set always has an entry. */
const loweringOf = (node: Node): Lowering<never> => lowerings[node.op.name as OpName] as unknown as Lowering<never>

const isMap = ({ shape }: Value) => shape.length === 4

/** Parameters and their gradients are row-major, as in checkpoints; feature maps are channels-last. */
function layoutOf(node: Node, value: Value): Layout {
  if (!isMap(value) || variableOf(value)) return 'rowMajor'
  if (node.op === (inputOp as unknown)) return (node.attrs as Input).feed === 'nhwc' ? 'channelsLast' : 'rowMajor'
  return loweringOf(node).rowMajor?.includes(value.port) ? 'rowMajor' : 'channelsLast'
}

function describe(api: Api, { shape, dtype }: Value, layout: Layout): Descriptor {
  const type: Exclude<Dtype, 'workspace'> = dtype === 'workspace' ? 'f32' : dtype
  if (shape.length === 4) return api.describe(shape, type, layout === 'rowMajor' ? 'abcd' : 'acdb')
  return api.describe(shape, type, shape.length === 2 ? 'ab' : 'a')
}

function portValues(node: Node, port: string): Value[] {
  return flatten({ port: node.inputs[port] ?? node.outputs[port] })
}

type Bound = Record<string, Operand | Operand[] | undefined>

function bind(ports: Node['inputs'], make: (port: string) => (value: Value) => Operand): Bound {
  return Object.fromEntries(
    Object.entries(ports).map(([port, value]) => [
      port,
      value && ('node' in value ? make(port)(value) : value.map(make(port))),
    ]),
  )
}
