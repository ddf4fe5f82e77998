import type { Dtype } from '../base/dtype.js'
import type { Graph, Value } from '../graph/op.js'
import type { Variable } from '../graph/ops/source.js'

/** What activations are computed in; parameters, statistics and losses are f32 either way. */
export type Precision = Extract<Dtype, 'f32' | 'bf16'>

/**
 * The variables of a run: named tensors of f32 that programs share. A training program and an evaluation program over
 * one store see the same parameters.
 */
export interface Store {
  /** Makes room for a variable and fills it with its initial values, unless it is there already. */
  declare(variable: Variable, seed: number): void
  has(name: string): boolean
  /** The live numbers, row-major. Valid until the next `declare`. */
  data(name: string): Float32Array
  readonly variables: ReadonlyMap<string, Variable>
}

export interface CompileOptions {
  /** Values to read after a run, beyond those that variables keep. */
  readonly outputs: readonly Value[]
  readonly store: Store
  /** Seeds the initial values of variables that the store does not hold yet. @default 0 */
  readonly seed?: number
  /** The store's name for a graph's variable, e.g. its running average. @default the same name */
  readonly bind?: (name: string) => string
}

/** A compiled graph: kernels in order over planned memory. Nothing is allocated, looked up or freed inside a run. */
export interface Program {
  /** The buffer of an input, in its feed order: write into it, then run. */
  input(name: string): Float32Array | Int32Array
  run(): void
  /** An output's numbers as f32 in row-major order of its shape (a fresh array). */
  read(output: Value): Float32Array
  /**
   * Where its memory goes, in bytes: planned buffers and scratch; weights kept in a kernel's own layout; gradients and
   * the like that lie beside the variables. The variables themselves belong to the store.
   */
  readonly memory: { readonly arena: number; readonly constants: number; readonly beside: number }
  /** One line a kernel: what runs, in which implementation. */
  describe(): string[]
  /** Milliseconds that each kernel of one run takes, by scope and op, slowest first. */
  profile(): { readonly kernel: string; readonly scope: string; readonly milliseconds: number }[]
}

export interface Backend {
  /** 'oneDNN 2.6.3' or 'reference'. */
  readonly title: string
  /** The best first. */
  readonly precisions: readonly [Precision, ...Precision[]]
  /** How many it computes with. */
  readonly threads: number
  createStore(): Store
  /** Compiles a graph; the graph must not change afterwards. */
  compile(graph: Graph, options: CompileOptions): Program
}
