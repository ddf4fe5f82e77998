import { flatten, type Graph, type Node, type Value } from '../../graph/op.js'
import type { Api } from './api.js'
import type { Choice } from './assign.js'
import { Kernels } from './kernels.js'
import { describe, isMapAt, type Layout, layoutOf } from './layout.js'
import type { Liveness } from './liveness.js'
import { loweringOf, lowerNode, operandFacts, waysOf } from './node-lowering.js'
import type { Subject } from './tuner.js'

/** A graph as the tuner sees it. */
export class GraphSubject implements Subject {
  readonly graph: Graph
  readonly #api: Api
  readonly #liveness: Liveness
  readonly #outputs: ReadonlySet<Value>

  constructor(graph: Graph, api: Api, liveness: Liveness, outputs: readonly Value[]) {
    this.graph = graph
    this.#api = api
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
    const k = new Kernels(this.#api, 0)
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
    const k = new Kernels(this.#api, 0)
    const from = to === 'blocked' ? 'channelsLast' : 'blocked'
    const operand = {
      ...value,
      value,
      desc: describe(this.#api, value, from),
      place: { kind: 'value', value } as const,
      fixed: false,
      read: true,
      planned: true,
      last: false,
    }
    k.prepared(operand, describe(this.#api, value, to))
    return k.launches
  }

  operand(node: Node, value: Value) {
    return operandFacts(this.#liveness, node, value)
  }
}
