import { performance } from 'node:perf_hooks'
import { fromBf16 } from '../../base/dtype.js'
import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { sizeOf } from '../../base/shape.js'
import { flatten, type Graph, type Node, type Type, type Value } from '../../graph/op.js'
import { type Input, inputOp, variableOf } from '../../graph/ops/source.js'
import type { CompileOptions, Program } from '../backend.js'
import { type Lifetime, planArena } from '../plan.js'
import { bytesOf } from './constants.js'
import { check, type Engine } from './engine.js'
import type { Argument, Launch, Operand, Place, View } from './kernels.js'
import { addressOf, type Handle } from './library.js'
import { type Lowered, lower } from './lower.js'
import type { TeamStore } from './store.js'

interface Step {
  readonly node: Node
  readonly kernel: string
  run(): void
}

/** Memory that tensors lie in, and its address. */
interface Region {
  readonly buffer: ArrayBufferLike
  readonly address: number
}

interface Location {
  readonly region: Region
  readonly offset: number
}

const region = (buffer: ArrayBufferLike): Region => ({ buffer, address: addressOf(new Uint8Array(buffer)) })

const alignment = 64
const aligned = (n: number) => Math.ceil(n / alignment) * alignment

/** Prepared primitives and argument arrays over one arena. */
export class OnednnProgram implements Program {
  readonly memory: Program['memory']
  readonly #engine: Engine
  readonly #store: TeamStore
  readonly #lowered: Lowered
  readonly #steps: readonly Step[]
  readonly #preparations: readonly Step[]
  readonly #inputs = new Map<string, Float32Array | Int32Array>()
  /** Where each value's storage begins: in the arena or in team memory. */
  readonly #places = new Map<Value, Location>()
  readonly #arena: Region
  readonly #team: Region
  /** Offsets into the arena. */
  readonly #constants: readonly number[]
  readonly #scratch: number
  readonly #writesStore: boolean
  #prepared = -1

  constructor(
    graph: Graph,
    engine: Engine,
    store: TeamStore,
    { outputs, seed = 0, bind = name => name }: Omit<CompileOptions, 'store'>,
  ) {
    this.#engine = engine
    this.#store = store
    const lowered = lower(graph, engine, outputs)
    this.#lowered = lowered
    this.#writesStore = lowered.mutated.size > 0
    this.#team = region(store.team.store.buffer)
    for (const node of graph.nodes) {
      const declared = node.outputs.dst && variableOf(node.outputs.dst)
      if (declared) store.declare({ ...declared, name: bind(declared.name) }, seed)
    }
    let beside = 0
    for (const value of lowered.team)
      if (!variableOf(value)) {
        const bytes = lowered.bytes.get(value)!
        this.#inTeam(value, store.team.allocate(bytes))
        beside += bytes
      }
    for (const node of graph.nodes)
      for (const value of Object.values(node.outputs)) {
        const declared = variableOf(value)
        if (declared) this.#inTeam(value, store.offset(bind(declared.name)))
      }

    const { offsets, bytes: planned } = this.#plan(graph, lowered, outputs)
    let end = planned
    const reserve = (bytes: number) => {
      const offset = end
      end += aligned(bytes)
      return offset
    }
    const inputs = graph.nodes.filter(node => node.op === (inputOp as unknown))
    for (const {
      outputs: { dst },
    } of inputs)
      if (!this.#places.has(dst!)) offsets.set(dst!, reserve(lowered.bytes.get(dst!)!))
    const constants = lowered.constantBytes.map(reserve)
    const scratch = reserve(lowered.scratchBytes)
    this.#arena = region(allocate(end + alignment))
    // oneDNN wants aligned addresses, and where the arena itself begins is the allocator's choice.
    const shift = aligned(this.#arena.address) - this.#arena.address
    for (const [value, offset] of offsets) this.#places.set(value, { region: this.#arena, offset: shift + offset })
    this.#constants = constants.map(offset => shift + offset)
    this.#scratch = shift + scratch
    const kept = lowered.constantBytes.reduce((sum, bytes) => sum + bytes, 0)
    this.memory = { arena: planned + lowered.scratchBytes, constants: kept, beside }
    for (const node of inputs) {
      const { name, dtype } = node.attrs as Input
      const view = this.#view(node.outputs.dst!, { kind: 'value', value: node.outputs.dst! })
      if (!(view instanceof Float32Array) && dtype !== 's32')
        throw new Error(`input '${name}' of type ${dtype}: feed f32 or s32`)
      this.#inputs.set(name, view as Float32Array | Int32Array)
    }
    this.#steps = lowered.steps.flatMap(({ node, launches }) => launches.map(launch => this.#bind(node, launch)))
    this.#preparations = lowered.preparations.map(({ node, launch }) => this.#bind(node, launch))
  }

  #inTeam(value: Value, offset: number) {
    this.#places.set(value, { region: this.#team, offset })
  }

  /** Lifetimes of everything that is not a variable, an input or in team memory; results may take over operands. */
  #plan(graph: Graph, lowered: Lowered, outputs: readonly Value[]) {
    const lastRead = new Map<Value, number>()
    for (const [i, node] of graph.nodes.entries()) for (const value of flatten(node.inputs)) lastRead.set(value, i)
    for (const value of outputs) lastRead.set(value, graph.nodes.length)
    const storages: { bytes: number; begin: number; end: number }[] = []
    const storageOf = new Map<Value, (typeof storages)[number]>()
    for (const [i, node] of graph.nodes.entries()) {
      if (node.op === (inputOp as unknown)) continue
      for (const [port, value] of Object.entries(node.outputs)) {
        if (this.#places.has(value)) continue
        const end = lastRead.get(value) ?? i
        const bytes = lowered.bytes.get(value)!
        const source = flatten({ port: node.inputs[(node.op.inPlace?.[port] as string | undefined) ?? ''] })[0]
        const heir = source && storageOf.get(source)
        const layouts = lowered.layouts
        if (
          heir &&
          lastRead.get(source) === i &&
          heir.end === i &&
          heir.bytes === bytes &&
          layouts.get(source) === layouts.get(value)
        ) {
          heir.end = end
          storageOf.set(value, heir)
        } else {
          const storage = { bytes, begin: i, end }
          storages.push(storage)
          storageOf.set(value, storage)
        }
      }
    }
    const plan = planArena(storages satisfies Lifetime[], alignment)
    const offsetOf = new Map(storages.map((storage, i) => [storage, plan.offsets[i]!]))
    return {
      offsets: new Map([...storageOf].map(([value, storage]) => [value, offsetOf.get(storage)!])),
      bytes: plan.bytes,
    }
  }

  #locate(place: Place): Location {
    if (place.kind === 'value') return this.#places.get(place.value)!
    const offset = place.kind === 'scratch' ? this.#scratch + place.offset : this.#constants[place.id]!
    return { region: this.#arena, offset }
  }

  #address(place: Place): number {
    const { region, offset } = this.#locate(place)
    return region.address + offset
  }

  #view({ dtype, shape }: Type, place: Place): View {
    const { region, offset } = this.#locate(place)
    const buffer = region === this.#team ? this.#store.team.store.buffer : region.buffer
    const length = sizeOf(shape)
    if (dtype === 's32') return new Int32Array(buffer, offset, length)
    return dtype === 'bf16' ? new Uint16Array(buffer, offset, length) : new Float32Array(buffer, offset, length)
  }

  #bind(node: Node, launch: Launch): Step {
    if (launch.kind === 'primitive') return this.#bindPrimitive(node, launch.primitive, launch.args)
    const view = (operand: Operand) => this.#view(operand, operand.place)
    if (launch.kind === 'script') return { node, kernel: 'typescript', run: launch.bind(view) }
    const job = this.#store.team.prepare(launch.tasks(operand => this.#locate(operand.place).offset))
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

  #bindPrimitive(
    node: Node,
    primitive: { readonly handle: Handle; readonly implementation: string },
    args: readonly Argument[],
  ): Step {
    const table = new ArrayBuffer(args.length * bytesOf.execArg)
    const words = new DataView(table)
    for (const [i, [argument, desc, place]] of args.entries()) {
      words.setInt32(i * bytesOf.execArg, argument, true)
      words.setBigUint64(i * bytesOf.execArg + 8, BigInt(this.#engine.memory(desc, this.#address(place))), true)
    }
    const bytes = new Uint8Array(table)
    const { library, stream } = this.#engine
    const { handle } = primitive
    const at = addressOf(bytes)
    return {
      node,
      kernel: primitive.implementation,
      run() {
        const status = library.dnnl_primitive_execute(handle, stream, bytes.length / bytesOf.execArg, at)
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
    this.#prepare()
    for (const step of this.#steps) step.run()
    if (this.#writesStore) this.#store.version++
  }

  #prepare() {
    if (this.#prepared === this.#store.version) return
    for (const step of this.#preparations) step.run()
    this.#prepared = this.#store.version
  }

  read(output: Value) {
    const view = this.#view(output, { kind: 'value', value: output })
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
    if (this.#writesStore) this.#store.version++
    return rows.sort((a, b) => b.milliseconds - a.milliseconds)
  }
}

function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes)
  } catch (cause) {
    throw new UserError(
      `this network at this batch size needs ${formatBytes(bytes)} for activations: lower --batch or --size`,
      1,
      { cause },
    )
  }
}
