import type { Shape } from '../base/shape.js'
import type { Graph, Value } from '../graph/op.js'
import type { Replica } from '../graph/ops/replicaRow.js'
import { type Initial, input, variable } from '../graph/ops/source.js'

/** Training and evaluation are two graphs built from one text. */
export type Mode = 'train' | 'eval'

/**
 * Whether what lies at a path of a network's text, a scope or a parameter, stays as it is in training: batch norms there
 * compute with their running statistics, which do not move.
 */
export type Frozen = (path: string) => boolean

/** The first values of a convolution's or dense layer's weights, from how many inputs and outputs an element has. */
export type Initialiser = (fanIn: number, fanOut: number) => Initial

/**
 * Batch norms besides the published ones, to test what the paper says of them: on top of every residual sum
 * (arXiv:1602.07261 §3.2 leaves them out to save memory), or on the last layer before pooling (§3.3: no remedy).
 */
export const extraNorms = ['none', 'sums', 'last'] as const
export type ExtraNorm = (typeof extraNorms)[number]

/** Settings that hold for a whole network, so that no block has to repeat them. */
export interface Settings {
  readonly mode: Mode
  /** What is not trained, though the mode is `train`. */
  readonly frozen: Frozen
  /** Multiplies every channel count; results are rounded to a multiple of 8. */
  readonly width: number
  /** Takes the place of the scales of residual blocks that have one; undefined: as published. */
  readonly residualScale: number | undefined
  /** `synchronised`: the batch whose statistics a norm takes is that of all replicas. */
  readonly norm: { readonly epsilon: number; readonly scale: boolean; readonly synchronised: boolean }
  /** A batch norm that the published networks do not have. */
  readonly extraNorm: ExtraNorm
  readonly keep: number
  readonly seed: number
  /** Which part of the global batch this is. */
  readonly replica: Replica
  readonly initial: Initialiser
}

/** A batch norm's running statistic and the batch's own value of it, which a training step moves it towards. */
export interface Statistic {
  readonly running: Value
  readonly batch: Value
}

/** What a residual block adds to what: `shortcut` + `scale` · `residual`. */
export interface ResidualSum {
  readonly shortcut: Value
  readonly residual: Value
  readonly scale: number
}

/** What a network's text collects while it is built. */
export class Root {
  readonly parameters: Value[] = []
  readonly statistics: Statistic[] = []
  /** Results of the named stages, by path: the rows of the shape table, and where auxiliary heads tap. */
  readonly endpoints = new Map<string, Value>()
  /** By the path of the block. */
  readonly residuals = new Map<string, ResidualSum>()
  /** The last feature map: what global pooling reads, or the extra norm before it. */
  pooled: Value | undefined
  /** What global pooling makes of it, [N,C] f32: what the head classifies. */
  features: Value | undefined
  readonly #names = new Set<string>()
  #step: Value | undefined
  readonly graph: Graph
  readonly settings: Settings

  constructor(graph: Graph, settings: Settings) {
    this.graph = graph
    this.settings = settings
  }

  /** The step number [1] s32, which dropout draws its mask from. */
  get step(): Value {
    this.#step ??= input(this.graph, { name: 'step', dtype: 's32', shape: [1], feed: 'plain' })
    return this.#step
  }

  claim(name: string): string {
    if (this.#names.has(name)) throw new Error(`'${name}' is declared twice`)
    this.#names.add(name)
    return name
  }
}

/** A place in the network's text. Its path names the parameters made there, in checkpoints too. */
export class Scope {
  readonly path: string
  readonly root: Root

  constructor(root: Root, path = '') {
    this.root = root
    this.path = path
  }

  get settings(): Settings {
    return this.root.settings
  }

  /** Whether what is measured here in training is the batch's own, rather than what was measured before. */
  get isMeasured(): boolean {
    return this.settings.mode === 'train' && !this.settings.frozen(this.path)
  }

  child(name: string): Scope {
    return new Scope(this.root, this.path === '' ? name : `${this.path}.${name}`)
  }

  /** Runs `layer` on `x` here: nodes it emits carry this scope. */
  run(layer: Layer, x: Value): Value {
    const { graph } = this.root
    const outer = graph.scope
    graph.scope = this.path
    try {
      return layer.build(x, this)
    } finally {
      graph.scope = outer
    }
  }

  /** A channel count of the published network, at this network's width. */
  channels(published: number): number {
    const { width } = this.settings
    return width === 1 ? published : Math.max(8, Math.round((published * width) / 8) * 8)
  }

  parameter(name: string, shape: Shape, initial: Initial, decays = false): Value {
    const path = this.root.claim(this.child(name).path)
    const value = variable(this.root.graph, { name: path, role: 'parameter', shape, initial, decays })
    this.root.parameters.push(value)
    return value
  }

  /** State that the forward pass measures: no gradient, no decay. */
  statistic(name: string, shape: Shape, value: number): Value {
    const path = this.root.claim(this.child(name).path)
    return variable(this.root.graph, {
      name: path,
      role: 'statistic',
      shape,
      initial: { kind: 'constant', value },
      decays: false,
    })
  }
}

/** One word of the block language: a function from a value and a place to a value. */
export interface Layer {
  /** Names it among its neighbours: '3x3', 'pool', 'fork'. */
  readonly label: string
  build(x: Value, at: Scope): Value
}

export const layer = (label: string, build: (x: Value, at: Scope) => Value): Layer => ({ label, build })
