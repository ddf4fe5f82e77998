import { bytesPerElement } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { flatten, type Graph, isMany, type Node, type Value } from '../../graph/op.js'
import type { OpName } from '../../graph/ops.js'
import type { Api } from './api.js'
import type { Choice } from './assign.js'
import { Kernels, type Launch, type Lowering, type Operand } from './kernels.js'
import { describe, isMapAt, type Layout, layoutOf, mapLayouts } from './layout.js'
import { Liveness } from './liveness.js'
import { lowerings } from './lowerings.js'
import type { Chooser, Subject } from './tuner.js'

/** Launches of one node. */
export interface Step {
  readonly node: Node
  readonly launches: readonly Launch[]
}

/** A graph as launches over symbolic places, with all that is needed to give them memory. */
export interface Lowered {
  readonly liveness: Liveness
  readonly steps: readonly Step[]
  /** What depends on variables alone that this graph does not change: to be run when the store has been written. */
  readonly preparations: readonly Step[]
  readonly constantBytes: readonly number[]
  readonly scratchBytes: number
  readonly bytes: ReadonlyMap<Value, number>
  readonly layouts: ReadonlyMap<Value, Layout>
  /** Values whose storage must be in team memory. */
  readonly team: ReadonlySet<Value>
  /** Results whose kernels add to what another value left in the memory, so both must share it. */
  readonly overwrites: ReadonlyMap<Value, Value>
  readonly mutated: ReadonlySet<Value>
}

/** Chooses a kernel for every node, by `chooser` where it has an opinion. Nothing is allocated and nothing runs yet. */
export function lower(graph: Graph, engine: Api, outputs: readonly Value[], chooser: Chooser | undefined): Lowered {
  const liveness = new Liveness(graph, outputs)
  const choices = chooser?.choose(new GraphSubject(graph, engine, liveness, outputs))
  const choiceOf = (node: Node) => choices?.get(node) ?? defaultChoice(node)
  const layouts = new Map<Value, Layout>()
  const bytes = new Map<Value, number>()
  const team = new Set<Value>()
  for (const node of graph.nodes) {
    for (const port of loweringOf(node).team ?? []) for (const value of portValues(node, port)) team.add(value)
    for (const value of Object.values(node.outputs)) {
      const layout = layoutOf(node, value, loweringOf(node).rowMajor, choiceOf(node).layout)
      layouts.set(value, layout)
      bytes.set(value, bytesOf(engine, value, layout))
    }
  }

  const overwrites = new Map<Value, Value>()
  const constantBytes: number[] = []
  let scratchBytes = 0
  const lowerOne = (node: Node): Kernels => {
    const k = new Kernels(engine, constantBytes.length)
    lowerNode(node, choiceOf(node), value => layouts.get(value)!, liveness, k)
    for (const [value, size] of k.workspaceBytes) bytes.set(value, size)
    for (const [value, before] of k.overwrites) overwrites.set(value, before)
    constantBytes.push(...k.constantBytes)
    scratchBytes = Math.max(scratchBytes, k.scratchBytes)
    return k
  }
  const steps: Step[] = []
  const preparations: Step[] = []
  const prepared = new Set<Node>()
  /** What a node needs beforehand, each just before its first use, so that little of it is in memory at a time. */
  const prepareFor = (node: Node): void => {
    for (const { node: maker } of flatten(node.inputs)) {
      if (!liveness.isPrepared(maker) || prepared.has(maker)) continue
      prepared.add(maker)
      prepareFor(maker)
      const { preparations: first, launches } = lowerOne(maker)
      preparations.push({ node: maker, launches: [...first, ...launches] })
    }
  }
  for (const node of graph.nodes) {
    if (liveness.isPrepared(node)) continue
    prepareFor(node)
    const k = lowerOne(node)
    if (k.preparations.length > 0) preparations.push({ node, launches: k.preparations })
    if (k.launches.length > 0) steps.push({ node, launches: k.launches })
  }
  const { mutated } = liveness
  return {
    liveness,
    steps,
    preparations,
    constantBytes,
    scratchBytes,
    bytes,
    layouts,
    team,
    overwrites,
    mutated,
  }
}

/** Adds a node's launches to `k`; maps that come in another layout than the node's are brought into it first. */
function lowerNode(
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

const operandFacts = (liveness: Liveness, node: Node, value: Value) => ({
  fixed: liveness.isFixed(value),
  read: liveness.isRead(value),
  last: liveness.isLastReader(node, value),
})

const defaultChoice = (node: Node): Choice => ({ layout: mapLayouts[0], way: waysOf(node)[0]! })

/** The one place where a node meets its backend's table; a node of the closed set always has an entry. */
const loweringOf = (node: Node): Lowering<never> => lowerings[node.op.name as OpName] as unknown as Lowering<never>

const waysOf = (node: Node): readonly string[] => loweringOf(node).ways?.(node.attrs as never) ?? ['direct']

/** Blocks of 16 channels are filled up. */
const bytesOf = (engine: Api, value: Value, layout: Layout): number =>
  layout === 'blocked' && value.dtype !== 'workspace'
    ? engine.bytes(describe(engine, value, layout))
    : sizeOf(value.shape) * bytesPerElement(value.dtype)

function portValues(node: Node, port: string): Value[] {
  return flatten({ port: node.inputs[port] ?? node.outputs[port] })
}

type Bound = Record<string, Operand | Operand[] | undefined>

function bind(ports: Node['inputs'], make: (port: string) => (value: Value) => Operand): Bound {
  return Object.fromEntries(
    Object.entries(ports).map(([port, entry]) => [
      port,
      entry && (isMany(entry) ? entry.map(make(port)) : make(port)(entry)),
    ]),
  )
}

/** A graph as the tuner sees it. */
class GraphSubject implements Subject {
  readonly graph: Graph
  readonly #engine: Api
  readonly #liveness: Liveness
  readonly #outputs: ReadonlySet<Value>

  constructor(graph: Graph, engine: Api, liveness: Liveness, outputs: readonly Value[]) {
    this.graph = graph
    this.#engine = engine
    this.#liveness = liveness
    this.#outputs = new Set(outputs)
  }

  ways(node: Node) {
    return waysOf(node)
  }

  rowMajor(node: Node) {
    return loweringOf(node).rowMajor ?? []
  }

  /** Inputs come as they are fed, results are handed out channels-last, and a node without maps has no layout. */
  settled(node: Node) {
    const rowMajor = this.rowMajor(node)
    const isMap = ([port, entry]: [string, Value | readonly Value[] | undefined]) =>
      flatten({ port: entry }).some(value => isMapAt(value, port, rowMajor))
    const maps = Object.entries(node.inputs).some(isMap)
    const handedOut = Object.values(node.outputs).some(
      value => this.#outputs.has(value) && isMapAt(value, value.port, rowMajor),
    )
    return !maps || handedOut || this.#liveness.isPrepared(node)
  }

  launches(node: Node, choice: Choice) {
    const k = new Kernels(this.#engine, 0)
    const { rowMajor } = loweringOf(node)
    const inputs = new Set(flatten(node.inputs))
    const layoutNow = (value: Value): Layout => {
      const maker = inputs.has(value) ? value.node : node
      return layoutOf(maker, value, maker === node ? rowMajor : loweringOf(maker).rowMajor, choice.layout)
    }
    lowerNode(node, choice, layoutNow, this.#liveness, k)
    return k.launches
  }

  reorder(value: Value, to: Layout) {
    const k = new Kernels(this.#engine, 0)
    const from = to === 'blocked' ? 'channelsLast' : 'blocked'
    const operand = {
      ...value,
      value,
      desc: describe(this.#engine, value, from),
      place: { kind: 'value', value } as const,
      fixed: false,
      read: true,
      last: false,
    }
    k.prepared(operand, describe(this.#engine, value, to))
    return k.launches
  }

  operand(node: Node, value: Value) {
    return operandFacts(this.#liveness, node, value)
  }
}
