import { performance } from 'node:perf_hooks'
import type { Dtype } from '../base/dtype.js'
import type { Communicator, Exchange } from '../communication/communicator.js'
import type { Graph, Value } from '../graph/op.js'
import type { Variable } from '../graph/ops/source.js'
import type { Passes } from '../graph/passes/pass-names.js'

/** Which kernels to run: `auto` is oneDNN where it can be loaded, else the slow reference with a warning. */
export const backendNames = ['auto', 'onednn', 'reference'] as const
export type BackendName = (typeof backendNames)[number]

/** What activations are computed in; parameters, statistics and losses are f32 either way. */
export type Precision = Extract<Dtype, 'f32' | 'bf16'>

/**
 * The variables of a run: named tensors of f32 that programs share. A training program and an evaluation program over
 * one store see the same parameters. Disposed, it gives its memory back; its programs must be disposed before.
 */
export interface Store extends Disposable {
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
  /** Whether kernels may be measured, for a program that runs too seldom to be worth it. @default true */
  readonly tune?: boolean
  /**
   * With whom the graph's sums over replicas are formed; as many as the graph was made for, if it has any. It hears of all
   * that is measured and run as work. @default one replica alone
   */
  readonly communicator?: Communicator
}

/**
 * A compiled graph: kernels in order over planned memory. Nothing is allocated, looked up or freed inside a run.
 * Disposed, it gives back its kernels and memory, the buffers of its inputs too; to use it afterwards is an error.
 */
export interface Program extends Disposable {
  /** The buffer of an input, in its feed order: write into it, then run. */
  input(name: string): Float32Array | Int32Array
  run(): void
  /** An output's numbers as f32 in row-major order of its shape (a fresh array). */
  read(output: Value): Float32Array
  /**
   * Where its memory goes, in bytes: planned buffers and scratch; weights kept in a kernel's own layout; gradients and
   * the like that lie beside the variables; inputs. The variables themselves belong to the store.
   */
  readonly memory: {
    readonly arena: number
    readonly constants: number
    readonly beside: number
    readonly inputs: number
  }
  /** What runs, in order. */
  kernels(): readonly Kernel[]
  /** Runs once and times every kernel, in order. */
  profile(): readonly TimedKernel[]
  /** Its exchanges with other replicas, in the order in which they begin, with the times of the last run. */
  exchanges(): readonly Exchange[]
}

/** One kernel of a program. */
export interface Kernel {
  /** Where in the network's text its node was made. */
  readonly scope: string
  readonly op: string
  /** The implementation: a primitive of the library, SIMD threads, plain loops. */
  readonly kernel: string
  /** How its feature maps lie: 'channelsLast', 'blocked'; '' where it has none. */
  readonly layout: string
  /** Bytes that it reads and writes, each tensor once. */
  readonly bytes: number
}

export interface TimedKernel extends Kernel {
  /** Milliseconds since the run began. */
  readonly begin: number
  readonly milliseconds: number
}

/** Runs a program's steps one after the other and times each. */
export function timed(steps: readonly (Kernel & { run(): void })[]): TimedKernel[] {
  const start = performance.now()
  return steps.map(({ run, ...kernel }) => {
    const begin = performance.now()
    run()
    return { ...kernel, begin: begin - start, milliseconds: performance.now() - begin }
  })
}

export interface Backend {
  /** 'oneDNN 2.6.3' or 'reference'. */
  readonly title: string
  /** Whether it runs kernels made for the processor; plain loops take hours where those take seconds. */
  readonly native: boolean
  /** The best first. */
  readonly precisions: readonly [Precision, ...Precision[]]
  /** The optimisations that are on: its own, and those for whoever builds graphs for it. */
  readonly passes: Passes
  /** How many it computes with. */
  readonly threads: number
  createStore(): Store
  /** Compiles a graph; the graph must not change afterwards. */
  compile(graph: Graph, options: CompileOptions): Program
  /** What the arithmetic of a graph takes at best on this machine; undefined where nothing is known of that. */
  limit(graph: Graph, outputs: readonly Value[]): Limit | undefined
}

/** By op, for those that multiply and add: how many nodes, their multiply-adds, and their least time together. */
export type Limit = readonly {
  readonly op: string
  readonly count: number
  readonly multiplyAdds: number
  readonly milliseconds: number
}[]
