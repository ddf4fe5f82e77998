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
  /** `onMeasured` hears of each node whose times are known, which may have taken long to measure. */
  choose(subject: Subject, onMeasured: () => void): ReadonlyMap<Node, Choice>
}

/** A kernel replaces the default one if it is faster by this share and by this many milliseconds: more than noise. */
const [share, gain] = [0.05, 0.02]

/** Times of launches, measured once on a machine. */
export class TimeSource {
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

  /**
   * The milliseconds of alternatives by their keys, measured against each other unless all are known. An alternative
   * without launches, or with any that are no primitives, has no time.
   */
  milliseconds(
    keys: readonly string[],
    launches: (index: number) => readonly Launch[] | undefined,
  ): readonly (number | undefined)[] {
    const known = keys.map(key => this.#cache.get(key))
    if (known.every(time => time !== undefined)) return known.map(time => time ?? undefined)
    if (!this.#notified) this.#notify()
    this.#notified = true
    const candidates = keys.map((_, i) => launches(i))
    const racers = candidates.filter(candidate => candidate !== undefined)
    const results = this.#stopwatch.race(racers)
    const times = candidates.map(candidate => candidate && results[racers.indexOf(candidate)])
    for (const [i, key] of keys.entries()) this.#cache.set(key, times[i] ?? null)
    return times
  }

  /** Keeps what was measured for the next process, and gives back the memory that it was measured in. */
  finish(): void {
    this.#cache.save()
    this.#stopwatch.release()
  }
}

/** Chooses kernels and layouts by measuring each distinct candidate once. */
export class Tuner implements Chooser {
  readonly #times: TimeSource

  constructor(times: TimeSource) {
    this.#times = times
  }

  choose(subject: Subject, onMeasured: () => void): ReadonlyMap<Node, Choice> {
    // What another process has kept meanwhile takes the place of our own times, and only then is anything chosen: all
    // processes choose alike, and a resumed run as it did at first.
    this.#assign(subject, onMeasured)
    this.#times.finish()
    return this.#assign(subject, onMeasured)
  }

  #assign(subject: Subject, onMeasured: () => void): ReadonlyMap<Node, Choice> {
    const costs = new Map<Node, Costs>()
    for (const node of subject.graph.nodes) {
      const cost = subject.settled(node) ? {} : this.#costs(subject, node)
      if (Object.keys(cost).length > 0) costs.set(node, cost)
      onMeasured()
    }
    return assignLayouts(
      subject.graph,
      costs,
      (value, reader) => isMapAt(value, portOf(reader, value), subject.rowMajor(reader)),
      value => this.#reorder(subject, value),
    )
  }

  /** The fastest way in each layout. The default way in the default layout counts as a little faster than it is. */
  #costs(subject: Subject, node: Node): Costs {
    const about = signature(node, subject)
    const choices = mapLayouts.flatMap(layout => subject.ways(node).map(way => ({ layout, way })))
    const times = this.#times.milliseconds(
      choices.map(({ layout, way }) => `${about} ${layout} ${way}`),
      i => attempt(() => feasible(subject.launches(node, choices[i]!), i === 0)),
    )
    const costs: { [L in MapLayout]?: { way: string; milliseconds: number } } = {}
    for (const [i, { layout, way }] of choices.entries()) {
      const measured = times[i]
      if (measured === undefined) continue
      const milliseconds = i === 0 ? Math.max(0, measured * (1 - share) - gain) : measured
      if (milliseconds < (costs[layout]?.milliseconds ?? Number.POSITIVE_INFINITY))
        costs[layout] = { way, milliseconds }
    }
    return costs
  }

  #reorder(subject: Subject, value: Value): number {
    const key = `reorder ${value.dtype} ${value.shape.join('×')}`
    return this.#times.milliseconds([key], () => subject.reorder(value, 'blocked'))[0] ?? 0
  }
}

/** Plain loops of the library are not worth a measurement: they took hundreds of times as long. */
function feasible(launches: readonly Launch[], isDefault: boolean): readonly Launch[] | undefined {
  const plain = launches.some(launch => launch.kind === 'primitive' && /^ref/.test(launch.primitive.implementation))
  return plain && !isDefault ? undefined : launches
}

/** What `make` gives, or undefined where the library cannot do it. */
export function attempt<T>(make: () => T | undefined): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof OnednnError) return undefined
    throw error
  }
}

/** Whatever a node's time can depend on besides layout and way. */
export function signature(node: Node, subject: Subject): string {
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
