import { performance } from 'node:perf_hooks'
import { fromBf16 } from '../../base/dtype.js'
import type { Graph, Node, Value } from '../../graph/op.js'
import type { Input } from '../../graph/ops/source.js'
import type { CompileOptions, Program } from '../backend.js'
import { whileBound } from './binding.js'
import { bytesOf } from './constants.js'
import { check, type Engine, type Primitive } from './engine.js'
import type { Argument, Launch, Operand } from './kernels.js'
import { addressOf } from './library.js'
import { type Lowered, lower } from './lower.js'
import { declareVariables, isInput, ProgramMemory } from './memory.js'
import type { TeamStore } from './store.js'

interface Step {
  readonly node: Node
  readonly kernel: string
  run(): void
}

/** Prepared primitives and argument arrays over one arena. */
export class OnednnProgram implements Program {
  readonly #engine: Engine
  readonly #store: TeamStore
  readonly #lowered: Lowered
  readonly #memory: ProgramMemory
  readonly #inputs = new Map<string, Float32Array | Int32Array>()
  readonly #steps: readonly Step[]
  /** Steps that bring weights into their kernels' layouts; to be run when the store has been written. */
  readonly #preparations: readonly Step[]
  #prepared = -1

  constructor(graph: Graph, engine: Engine, store: TeamStore, options: Omit<CompileOptions, 'store'>) {
    const { outputs, seed = 0, bind = name => name } = options
    this.#engine = engine
    this.#store = store
    this.#lowered = lower(graph, engine, outputs)
    const names = declareVariables(graph, store, seed, bind)
    this.#memory = new ProgramMemory(graph, this.#lowered, outputs, store, value => names.get(value))
    for (const { op, attrs, outputs: made } of graph.nodes) if (isInput(op)) this.#addInput(attrs as Input, made.dst!)
    const { steps, preparations } = this.#lowered
    this.#steps = steps.flatMap(({ node, launches }) => launches.map(launch => this.#bind(node, launch)))
    this.#preparations = preparations.map(({ node, launch }) => this.#bind(node, launch))
  }

  get memory() {
    return this.#memory.summary
  }

  #addInput({ name, dtype }: Input, value: Value) {
    const view = this.#memory.view(value, { kind: 'value', value })
    if (view instanceof Uint16Array) throw new Error(`input '${name}' of type ${dtype}: feed f32 or s32`)
    this.#inputs.set(name, view)
  }

  #bind(node: Node, launch: Launch): Step {
    if (launch.kind === 'primitive') return this.#bindPrimitive(node, launch.primitive, launch.args)
    const view = (operand: Operand) => this.#memory.view(operand, operand.place)
    if (launch.kind === 'script') return { node, kernel: 'typescript', run: launch.bind(view) }
    const job = this.#store.team.prepare(launch.tasks(operand => this.#memory.teamOffset(operand.place)))
    const scalars = new Float64Array(job.scalarCount)
    const bound = launch.bind(view)
    return {
      node,
      kernel: 'simd threads',
      run() {
        bound.scalars(scalars)
        job.run(scalars)
        bound.done?.(job.sums)
      },
    }
  }

  #bindPrimitive(node: Node, { handle, implementation }: Primitive, args: readonly Argument[]): Step {
    const { library, stream } = this.#engine
    // An array of dnnl_exec_arg_t: an int, and a pointer 8 bytes on.
    const table = new DataView(new ArrayBuffer(args.length * bytesOf.execArg))
    for (const [i, [argument, desc, place]] of args.entries()) {
      table.setInt32(i * bytesOf.execArg, argument, true)
      const memory = this.#engine.memory(desc, this.#memory.address(place))
      table.setBigUint64(i * bytesOf.execArg + 8, BigInt(memory), true)
    }
    const address = addressOf(table)
    return {
      node,
      kernel: implementation,
      run() {
        const status = library.dnnl_primitive_execute(handle, stream, table.byteLength / bytesOf.execArg, address)
        if (status !== 0) check(`${node.scope}: ${node.op.name}`, status)
      },
    }
  }

  input(name: string) {
    const view = this.#inputs.get(name)
    if (!view) throw new Error(`the graph has no input '${name}'; it has ${[...this.#inputs.keys()].join(', ')}`)
    return view
  }

  run() {
    whileBound(() => {
      this.#prepare()
      for (const step of this.#steps) step.run()
    })
    if (this.#lowered.mutated.size > 0) this.#store.version++
  }

  #prepare() {
    if (this.#prepared === this.#store.version) return
    for (const step of this.#preparations) step.run()
    this.#prepared = this.#store.version
  }

  read(output: Value) {
    const view = this.#memory.view(output, { kind: 'value', value: output })
    const numbers = view instanceof Uint16Array ? Float32Array.from(view, fromBf16) : Float32Array.from(view)
    if (this.#lowered.layouts.get(output) === 'rowMajor') return numbers
    const [n, c, h, w] = output.shape as [number, number, number, number]
    const rowMajor = new Float32Array(numbers.length)
    for (let image = 0; image < n; image++)
      for (let pixel = 0; pixel < h * w; pixel++)
        for (let channel = 0; channel < c; channel++)
          rowMajor[(image * c + channel) * h * w + pixel] = numbers[(image * h * w + pixel) * c + channel]!
    return rowMajor
  }

  describe() {
    return this.#steps.map(({ node, kernel }) => `${node.scope} ${node.op.name}: ${kernel}`)
  }

  profile() {
    this.#prepare()
    const rows = this.#steps.map(({ node, kernel, run }) => {
      const begin = performance.now()
      run()
      return { kernel: `${node.op.name} ${kernel}`, scope: node.scope, milliseconds: performance.now() - begin }
    })
    if (this.#lowered.mutated.size > 0) this.#store.version++
    return rows.sort((a, b) => b.milliseconds - a.milliseconds)
  }
}
