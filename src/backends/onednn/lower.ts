import { bytesPerElement } from '../../base/dtype.js'
import { sizeOf } from '../../base/shape.js'
import { flatten, type Graph, type Node, type Value } from '../../graph/op.js'
import type { Api } from './api.js'
import { Belongings } from './belongings.js'
import { GraphSubject } from './graph-subject.js'
import { Kernels, type Launch } from './kernels.js'
import { describe, type Layout, layoutOf } from './layout.js'
import { Liveness } from './liveness.js'
import { defaultChoice, loweringOf, lowerNode } from './node-lowering.js'
import { Overlay, type Within } from './overlay.js'
import type { Chooser } from './tuner.js'

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
  /** Those, and all other values whose kernels count on their lying in the memory of others. */
  readonly overlay: Overlay
}

/**
 * Chooses a kernel for every node, by `chooser` where it has an opinion. Nothing is allocated and nothing runs yet but
 * what is measured; `onMeasured` hears of each node that is.
 */
export function lower(
  graph: Graph,
  api: Api,
  outputs: readonly Value[],
  chooser: Chooser | undefined,
  onMeasured: () => void = () => {},
): Lowered {
  const liveness = new Liveness(graph, outputs)
  using candidates = new Belongings()
  const choices = api.making(candidates, () =>
    chooser?.choose(new GraphSubject(graph, api, liveness, outputs), onMeasured),
  )
  const choiceOf = (node: Node) => choices?.get(node) ?? defaultChoice(node)
  const layouts = new Map<Value, Layout>()
  const bytes = new Map<Value, number>()
  const team = new Set<Value>()
  for (const node of graph.nodes) {
    for (const port of loweringOf(node).team ?? []) for (const value of portValues(node, port)) team.add(value)
    for (const value of Object.values(node.outputs)) {
      const layout = layoutOf(node, value, loweringOf(node).rowMajor, choiceOf(node).layout)
      layouts.set(value, layout)
      bytes.set(value, bytesOf(api, value, layout))
    }
  }

  const overwrites = new Map<Value, Value>()
  const placed = new Map<Value, Within>()
  const constantBytes: number[] = []
  let scratchBytes = 0
  const isPlaced = (value: Value | undefined): boolean =>
    value !== undefined && (placed.has(value) || isPlaced(overwrites.get(value)))
  const lowerOne = (node: Node): Kernels => {
    const k = new Kernels(api, constantBytes.length, isPlaced)
    lowerNode(node, choiceOf(node), value => layouts.get(value)!, liveness, k)
    for (const [value, size] of k.workspaceBytes) bytes.set(value, size)
    for (const [value, before] of k.overwrites) overwrites.set(value, before)
    for (const [value, place] of k.placed) placed.set(value, place)
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
  const overlay = new Overlay(overwrites, placed)
  return { liveness, steps, preparations, constantBytes, scratchBytes, bytes, layouts, team, overwrites, overlay }
}

/** Blocks of 16 channels are filled up. */
const bytesOf = (api: Api, value: Value, layout: Layout): number =>
  layout === 'blocked' && value.dtype !== 'workspace'
    ? api.bytes(describe(api, value, layout))
    : sizeOf(value.shape) * bytesPerElement(value.dtype)

function portValues(node: Node, port: string): Value[] {
  return flatten({ port: node.inputs[port] ?? node.outputs[port] })
}
