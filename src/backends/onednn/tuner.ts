import { type Graph, isMany, type Node, type Value } from '../../graph/op.js'
import { OnednnError } from './api.js'
import { assignLayouts, type Choice, type Costs } from './assign.js'
import type { Launch, Operand } from './kernels.js'
import { isMapAt, type MapLayout, mapLayouts } from './layout.js'
import type { Stopwatch } from './stopwatch.js'
import type { TuningCache } from './tuning-cache.js'

/** What the tuner must know of a graph that is being lowered. */
export interface Subject {
  readonly graph: Graph
  /** Ways of computing a node, the default first. */
  ways(node: Node): readonly string[]
  /** Ports of a node that are row-major whatever its layout. */
  rowMajor(node: Node): readonly string[]
  /** Nodes whose layout is not for us to choose. */
  settled(node: Node): boolean
  /** The launches of a node alone, with all its maps in one layout. May throw OnednnError. */
  launches(node: Node, choice: Choice): readonly Launch[]
  /** The launches that bring a map into a layout from the other. */
  reorder(value: Value, to: MapLayout): readonly Launch[]
  operand(node: Node, value: Value): Pick<Operand, 'fixed' | 'read' | 'last'>
}

/** Decides how each node of a graph is computed; for nodes that it leaves out, the default holds. */
export interface Chooser {
  choose(subject: Subject): ReadonlyMap<Node, Choice>
}

/** A kernel replaces the default one if it is faster by this share and by this many milliseconds: more than noise. */
const [share, gain] = [0.05, 0.02]

/** Chooses kernels and layouts by measuring each distinct candidate once. */
export class Tuner implements Chooser {
  readonly #stopwatch: Stopwatch
  readonly #cache: TuningCache
  readonly #notify: () => void
  #notified = false

  /** `notify` hears, once, that measuring begins. */
  constructor(stopwatch: Stopwatch, cache: TuningCache, notify: () => void = () => {}) {
    this.#stopwatch = stopwatch
    this.#cache = cache
    this.#notify = notify
  }

  choose(subject: Subject): ReadonlyMap<Node, Choice> {
    const costs = new Map<Node, Costs>()
    for (const node of subject.graph.nodes) {
      const cost = subject.settled(node) ? {} : this.#costs(subject, node)
      if (Object.keys(cost).length > 0) costs.set(node, cost)
    }
    const choices = assignLayouts(
      subject.graph,
      costs,
      (value, reader) => isMapAt(value, portOf(reader, value), subject.rowMajor(reader)),
      value => this.#reorder(subject, value),
    )
    this.#cache.save()
    return choices
  }

  /** The fastest way in each layout. The default way in the default layout counts as a little faster than it is. */
  #costs(subject: Subject, node: Node): Costs {
    const costs: { [L in MapLayout]?: { way: string; milliseconds: number } } = {}
    const subjectKey = signature(node, subject)
    let least = Number.POSITIVE_INFINITY
    for (const layout of mapLayouts)
      for (const [i, way] of subject.ways(node).entries()) {
        const isDefault = layout === mapLayouts[0] && i === 0
        const measured = this.#measured(`${subjectKey} ${layout} ${way}`, least, () =>
          this.#feasible(subject.launches(node, { layout, way }), isDefault),
        )
        if (measured === undefined) continue
        const milliseconds = isDefault ? Math.max(0, measured * (1 - share) - gain) : measured
        least = Math.min(least, milliseconds)
        if (milliseconds < (costs[layout]?.milliseconds ?? Number.POSITIVE_INFINITY))
          costs[layout] = { way, milliseconds }
      }
    return costs
  }

  /** Plain loops of the library are not worth a measurement: they took hundreds of times as long. */
  #feasible(launches: readonly Launch[], isDefault: boolean): readonly Launch[] | undefined {
    const plain = launches.some(launch => launch.kind === 'primitive' && /^ref/.test(launch.primitive.implementation))
    return plain && !isDefault ? undefined : launches
  }

  #reorder(subject: Subject, value: Value): number {
    const key = `reorder ${value.dtype} ${value.shape.join('×')}`
    return this.#measured(key, Number.POSITIVE_INFINITY, () => subject.reorder(value, 'blocked')) ?? 0
  }

  #measured(key: string, least: number, launches: () => readonly Launch[] | undefined): number | undefined {
    const known = this.#cache.get(key)
    if (known !== undefined) return known ?? undefined
    if (!this.#notified) this.#notify()
    this.#notified = true
    const milliseconds = this.#attempt(launches, least)
    this.#cache.set(key, milliseconds ?? null)
    return milliseconds
  }

  #attempt(launches: () => readonly Launch[] | undefined, least: number): number | undefined {
    try {
      const found = launches()
      return found && this.#stopwatch.milliseconds(found, least)
    } catch (error) {
      if (error instanceof OnednnError) return undefined
      throw error
    }
  }
}

/** Whatever a node's time can depend on besides layout and way. */
function signature(node: Node, subject: Subject): string {
  const port = ([name, entry]: [string, Value | readonly Value[] | undefined]) => {
    const values = entry === undefined ? [] : isMany(entry) ? entry : [entry]
    const texts = values.map(value => {
      const { fixed, read, last } = subject.operand(node, value)
      return `${value.dtype}[${value.shape.join('×')}]${fixed ? 'f' : ''}${read ? '' : 'u'}${last ? 'l' : ''}`
    })
    return `${name}:${texts.join('+')}`
  }
  const ports = [...Object.entries(node.inputs), ...Object.entries(node.outputs)].map(port)
  return `${node.op.name} ${ports.join(' ')} ${JSON.stringify(node.attrs, plain)}`
}

/** Types among the attributes may be whole values of the graph. */
const plain = (key: string, value: unknown) => (key === 'node' ? undefined : value)

const portOf = (node: Node, value: Value): string =>
  Object.entries(node.inputs).find(
    ([, entry]) => entry && (isMany(entry) ? entry.includes(value) : entry === value),
  )?.[0] ?? ''
