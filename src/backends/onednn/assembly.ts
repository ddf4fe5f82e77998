import type { Communicator } from '../../communication/communicator.js'
import { soloCommunicator } from '../../communication/solo.js'
import { flatten, type Graph, type Node, type Value } from '../../graph/op.js'
import type { Input } from '../../graph/ops/source.js'
import type { CompileOptions, Kernel } from '../backend.js'
import type { Api, Primitive } from './api.js'
import type { Belongings } from './belongings.js'
import { Exchanges } from './exchanges.js'
import type { Argument, Launch, Operand } from './kernels.js'
import { type Lowered, lower } from './lower.js'
import { declareVariables, ProgramMemory } from './memory.js'
import type { TeamStore } from './store.js'
import type { Chooser } from './tuner.js'
import { isInput } from './value-plan.js'

interface Step extends Kernel {
  run(): void
}

interface Options extends Omit<CompileOptions, 'store' | 'tune'> {
  /** Whether results take over operands' memory where their ops allow it. */
  readonly inPlace: boolean
}

/** The parts of a program: prepared primitives and argument arrays over one arena. */
export class Assembly {
  readonly lowered: Lowered
  readonly memory: ProgramMemory
  readonly inputs = new Map<string, Float32Array | Int32Array>()
  readonly steps: readonly Step[]
  /** Steps that bring weights into their kernels' layouts; to be run when the store has been written. */
  readonly preparations: readonly Step[]
  readonly exchanges: Exchanges
  readonly #api: Api
  readonly #store: TeamStore
  readonly #belongings: Belongings
  readonly #communicator: Communicator

  /** What has to be given back is added to `belongings`, also where the assembly fails half-way. */
  constructor(
    graph: Graph,
    api: Api,
    chooser: Chooser | undefined,
    store: TeamStore,
    { outputs, inPlace, seed = 0, bind: nameOf = name => name, communicator = soloCommunicator() }: Options,
    belongings: Belongings,
  ) {
    this.#api = api
    this.#store = store
    this.#belongings = belongings
    this.#communicator = communicator
    this.lowered = lower(graph, api, outputs, chooser, () => communicator.worked())
    const names = declareVariables(graph, store, seed, nameOf)
    const needs = { graph, lowered: this.lowered, outputs, inPlace }
    this.memory = new ProgramMemory(needs, store, belongings, value => names.get(value))
    this.exchanges = new Exchanges(communicator, store.team, this.memory, belongings)
    for (const { op, attrs, outputs: made } of graph.nodes) if (isInput(op)) this.#addInput(attrs as Input, made.dst!)
    const bind = ({ node, launches }: Lowered['steps'][number]) => launches.map(launch => this.#bind(node, launch))
    const steps = this.lowered.steps.flatMap(bind)
    this.steps = communicator.size > 1 ? steps.map(step => working(step, communicator)) : steps
    this.preparations = this.lowered.preparations.flatMap(bind)
  }

  #addInput({ name, dtype }: Input, value: Value) {
    const view = this.memory.view(value, { kind: 'value', value })
    if (view instanceof Uint16Array) throw new Error(`input '${name}' of type ${dtype}: feed f32 or s32`)
    this.inputs.set(name, view)
  }

  #bind(node: Node, launch: Launch): Step {
    const about = { scope: node.scope, op: node.op.name, layout: this.#layoutAt(node) }
    if (launch.kind === 'primitive') return { ...about, ...this.#bindPrimitive(node, launch.primitive, launch.args) }
    const values = [...new Set([...flatten(node.inputs), ...flatten(node.outputs)])]
    const bytes = values.reduce((sum, value) => sum + this.lowered.bytes.get(value)!, 0)
    const view = (operand: Operand) => this.memory.view(operand, operand.place)
    if (launch.kind === 'script') return { ...about, kernel: 'typescript', bytes, run: launch.bind(view) }
    if (launch.kind === 'exchange')
      return { ...about, kernel: this.#communicator.title, bytes, run: this.exchanges.bind(launch) }
    const job = this.#store.team.prepare(launch.tasks(operand => this.memory.teamOffset(operand.place)))
    this.#belongings.add(() => job.release())
    const scalars = new Float64Array(job.scalarCount)
    const bound = launch.bind(view)
    return {
      ...about,
      kernel: 'simd threads',
      bytes,
      run() {
        bound.scalars(scalars)
        job.run(scalars)
        bound.done?.(job.sums)
      },
    }
  }

  #bindPrimitive(node: Node, primitive: Primitive, args: readonly Argument[]) {
    const bound = args.map(([argument, descriptor, place]) => ({
      argument,
      descriptor,
      address: this.memory.address(place),
    }))
    const run = this.#api.bind(`${node.scope}: ${node.op.name}`, primitive, bound)
    const bytes = args.reduce((sum, [, descriptor]) => sum + this.#api.bytes(descriptor), 0)
    return { kernel: primitive.implementation, bytes, run }
  }

  /** The layout of the feature maps at a node; the last that it makes tells. */
  #layoutAt({ inputs, outputs }: Node): string {
    const maps = [...flatten(inputs), ...flatten(outputs)].filter(({ shape }) => shape.length === 4)
    return maps.map(value => this.lowered.layouts.get(value)!).findLast(layout => layout !== 'rowMajor') ?? ''
  }
}

/** A step that the other replicas hear of, and after which what is under way between them moves on. */
const working = (step: Step, communicator: Communicator): Step => ({
  ...step,
  run() {
    step.run()
    communicator.worked()
  },
})
