import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { sizeOf } from '../../base/shape.js'
import type { Graph, Type, Value } from '../../graph/op.js'
import { variableOf } from '../../graph/ops/source.js'
import type { Program } from '../backend.js'
import { inStore } from '../initialise.js'
import type { Belongings } from './belongings.js'
import type { Place, View } from './kernels.js'
import { addressOf } from './library.js'
import type { Lowered } from './lower.js'
import type { TeamStore } from './store.js'
import { isInput, planValues } from './value-plan.js'

/** Memory that tensors lie in, and its address. */
interface Region {
  readonly buffer: ArrayBufferLike
  readonly address: number
}

interface Location {
  readonly region: Region
  readonly offset: number
}

/** oneDNN's kernels run at half speed on buffers that are not. */
const alignment = 64
const aligned = (n: number) => Math.ceil(n / alignment) * alignment

/** What a program needs memory for, beyond its variables. */
export interface Needs {
  readonly graph: Graph
  readonly lowered: Lowered
  readonly outputs: readonly Value[]
  /** Whether results take over operands' memory where their ops allow it. */
  readonly inPlace: boolean
}

/**
 * The memory of one program: its variables, where the store has them, and one arena of planned buffers, inputs,
 * constants, and scratch that every node uses anew. If the SIMD threads work on anything that is not a variable, as they
 * do on gradients in training, the arena lies in the team's memory, so that gradients share it with the maps that they
 * outlive. Where that has no room for it, those values lie there and the arena by itself.
 */
export class ProgramMemory {
  readonly summary: Program['memory']
  readonly #team: Region
  readonly #arena: Region
  readonly #store: TeamStore
  readonly #locations = new Map<Value, Location>()
  readonly #constants: readonly number[]
  readonly #scratch: number

  /**
   * Places every value of the graph. `nameOf` gives the store's name of a variable, which must be declared. What is
   * taken of the team's memory belongs to `belongings`; the rest goes when nothing points to it.
   */
  constructor(needs: Needs, store: TeamStore, belongings: Belongings, nameOf: (value: Value) => string | undefined) {
    this.#store = store
    this.#team = region(store.team.store.buffer)
    for (const { outputs } of needs.graph.nodes)
      for (const value of Object.values(outputs)) {
        const name = nameOf(value)
        if (name !== undefined) this.#locations.set(value, { region: this.#team, offset: store.offset(name) })
      }
    const shared = [...needs.lowered.team].filter(value => !this.#locations.has(value))
    let contents = this.#layOut(needs)
    const offset = shared.length > 0 ? store.team.tryToAllocate(contents.end) : undefined
    if (offset !== undefined) belongings.add(() => store.team.release(offset))
    let beside = 0
    if (offset === undefined && shared.length > 0) {
      beside = this.#placeBeside(needs, new Set(shared), belongings)
      contents = this.#layOut(needs)
    }
    this.#arena = offset === undefined ? region(allocate(contents.end + alignment)) : this.#team
    // Addresses count, not offsets, and where an arena of its own begins is the allocator's choice.
    const start = offset ?? aligned(this.#arena.address) - this.#arena.address
    for (const [value, at] of contents.offsets) this.#locations.set(value, { region: this.#arena, offset: start + at })
    this.#constants = contents.constants.map(at => start + at)
    this.#scratch = start + contents.scratch
    this.summary = { ...contents.summary, beside }
  }

  /** Gives `values`, and whatever shares memory with them, blocks of the team's memory. Returns their bytes. */
  #placeBeside({ graph, lowered }: Needs, values: ReadonlySet<Value>, belongings: Belongings): number {
    const { overlay, bytes } = lowered
    const { team } = this.#store
    const blocks = new Map([...values].map(value => [overlay.rootOf(value).root, Number.NaN]))
    let beside = 0
    for (const root of blocks.keys()) {
      const block = team.allocate(bytes.get(root)!)
      belongings.add(() => team.release(block))
      blocks.set(root, block)
      beside += bytes.get(root)!
    }
    for (const value of graph.nodes.flatMap(({ outputs }) => Object.values(outputs))) {
      const { root, offset } = overlay.rootOf(value)
      const block = blocks.get(root)
      if (block !== undefined) this.#locations.set(value, { region: this.#team, offset: block + offset })
    }
    return beside
  }

  /** Offsets within the arena of all that has no place yet, and where it ends. */
  #layOut({ graph, lowered, outputs, inPlace }: Needs) {
    const isPlaced = (value: Value) => this.#locations.has(value)
    const { offsets, kept, bytes: planned } = planValues(graph, lowered, { outputs, isPlaced, inPlace })
    let end = planned
    const reserve = (bytes: number) => {
      const offset = end
      end += aligned(bytes)
      return offset
    }
    for (const { op, outputs: made } of graph.nodes)
      if (isInput(op) && !isPlaced(made.dst!)) offsets.set(made.dst!, reserve(lowered.bytes.get(made.dst!)!))
    const inputs = end - planned
    const constants = lowered.constantBytes.map(reserve)
    for (const value of kept) offsets.set(value, reserve(lowered.bytes.get(value)!))
    const summary = { arena: planned + lowered.scratchBytes, constants: end - planned - inputs, inputs }
    const scratch = reserve(lowered.scratchBytes)
    return { offsets, constants, scratch, end, summary }
  }

  #locate(place: Place): Location {
    const { region, offset } = this.#begin(place)
    return { region, offset: offset + (place.offset ?? 0) }
  }

  #begin(place: Place): Location {
    if (place.kind === 'value') return this.#locations.get(place.value)!
    return { region: this.#arena, offset: place.kind === 'scratch' ? this.#scratch : this.#constants[place.id]! }
  }

  address(place: Place): number {
    const { region, offset } = this.#locate(place)
    return region.address + offset
  }

  /** The byte offset of something that lies in the team's memory. */
  teamOffset(place: Place): number {
    const { region, offset } = this.#locate(place)
    if (region !== this.#team) throw new Error('the SIMD threads cannot reach an arena of its own')
    return offset
  }

  view({ dtype, shape }: Type, place: Place): View {
    const { region, offset } = this.#locate(place)
    // The team's memory may have grown since its region was noted, which makes a new buffer object.
    const buffer = region === this.#team ? this.#store.team.store.buffer : region.buffer
    const length = sizeOf(shape)
    if (dtype === 's32') return new Int32Array(buffer, offset, length)
    return dtype === 'bf16' ? new Uint16Array(buffer, offset, length) : new Float32Array(buffer, offset, length)
  }
}

/** By a view of its beginning only: no view reaches over an arena of more than 4 GiB. */
const region = (buffer: ArrayBufferLike): Region => ({ buffer, address: addressOf(new Uint8Array(buffer, 0, 1)) })

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

/** The store's name for each variable of a graph, after declaring it there. */
export function declareVariables(graph: Graph, store: TeamStore, seed: number, bind: (name: string) => string) {
  const names = new Map<Value, string>()
  for (const { outputs } of graph.nodes)
    for (const value of Object.values(outputs)) {
      const variable = variableOf(value)
      if (!variable) continue
      const declared = inStore(variable, bind)
      store.declare(declared, seed)
      names.set(value, declared.name)
    }
  return names
}
