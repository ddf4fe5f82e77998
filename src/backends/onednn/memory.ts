import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { sizeOf } from '../../base/shape.js'
import type { Graph, Type, Value } from '../../graph/op.js'
import { variableOf } from '../../graph/ops/source.js'
import type { Program } from '../backend.js'
import { inStore } from '../initialise.js'
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

/**
 * The memory of one program. Variables, and whatever the SIMD threads work on, lie in the team's memory; all else in
 * one arena of planned buffers, followed by the inputs, the constants, and scratch that every node uses anew.
 */
export class ProgramMemory {
  readonly summary: Program['memory']
  readonly #team: Region
  readonly #arena: Region
  readonly #store: TeamStore
  readonly #locations = new Map<Value, Location>()
  readonly #constants: readonly number[]
  readonly #scratch: number

  /** Places every value of the graph. `nameOf` gives the store's name of a variable, which must be declared. */
  constructor(
    graph: Graph,
    lowered: Lowered,
    outputs: readonly Value[],
    store: TeamStore,
    nameOf: (value: Value) => string | undefined,
    inPlace: boolean,
  ) {
    this.#store = store
    this.#team = region(store.team.store.buffer)
    const beside = this.#placeInTeam(graph, lowered, nameOf)
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
    const scratch = reserve(lowered.scratchBytes)

    this.#arena = region(allocate(end + alignment))
    // Addresses count, not offsets, and where the arena itself begins is the allocator's choice.
    const shift = aligned(this.#arena.address) - this.#arena.address
    for (const [value, offset] of offsets) this.#locations.set(value, { region: this.#arena, offset: shift + offset })
    this.#constants = constants.map(offset => shift + offset)
    this.#scratch = shift + scratch
    const sizes = [...lowered.constantBytes, ...kept.map(value => lowered.bytes.get(value)!)]
    this.summary = {
      arena: planned + lowered.scratchBytes,
      constants: sizes.reduce((sum, bytes) => sum + bytes, 0),
      beside,
      inputs,
    }
  }

  /** Variables where the store has them; new blocks for gradients and the like. Returns the bytes of the latter. */
  #placeInTeam(graph: Graph, lowered: Lowered, nameOf: (value: Value) => string | undefined): number {
    for (const { outputs } of graph.nodes)
      for (const value of Object.values(outputs)) {
        const name = nameOf(value)
        if (name !== undefined) this.#locations.set(value, { region: this.#team, offset: this.#store.offset(name) })
      }
    let beside = 0
    for (const value of lowered.team) {
      if (this.#locations.has(value)) continue
      const bytes = lowered.bytes.get(value)!
      this.#locations.set(value, { region: this.#team, offset: this.#store.team.allocate(bytes) })
      beside += bytes
    }
    return beside
  }

  #locate(place: Place): Location {
    if (place.kind === 'value') return this.#locations.get(place.value)!
    const offset = place.kind === 'scratch' ? this.#scratch + place.offset : this.#constants[place.id]!
    return { region: this.#arena, offset }
  }

  address(place: Place): number {
    const { region, offset } = this.#locate(place)
    return region.address + offset
  }

  /** The byte offset of something that lies in the team's memory. */
  teamOffset(place: Place): number {
    const { region, offset } = this.#locate(place)
    if (region !== this.#team) throw new Error('the SIMD threads cannot reach the arena')
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
