import type { Type, Value } from '../../graph/op.js'
import type { Call, OpName, Ops } from '../../graph/ops.js'
import type { Task } from '../simd/task.js'
import { type Api, arg, type Descriptor, type Primitive } from './api.js'
import type { Within } from './overlay.js'

/**
 * Where a tensor of a launch lies, `offset` bytes from the beginning. Addresses follow once the whole program has been
 * planned.
 */
export type Place = { readonly offset?: number } & (
  | { readonly kind: 'value'; readonly value: Value }
  /** Bytes that live for one node only. */
  | { readonly kind: 'scratch' }
  /** Bytes that live as long as the program: weights already in the layout that a kernel wants. */
  | { readonly kind: 'constant'; readonly id: number }
)

/** The place so many bytes further on. */
export const beyond = (place: Place, bytes: number): Place => ({ ...place, offset: (place.offset ?? 0) + bytes })

/** A port of a node that is being lowered. */
export interface Operand extends Type {
  readonly value: Value
  readonly desc: Descriptor
  readonly place: Place
  /** Whether it changes only when somebody writes the store: a variable that this graph does not update. */
  readonly fixed: boolean
  /** Whether anything reads it. */
  readonly read: boolean
  /** Whether its memory is the program's to plan: it is computed in every run. */
  readonly planned: boolean
  /** Whether nobody reads it any more when the node has run, so that its memory may be written over. */
  readonly last: boolean
}

/** A typed window on a place: f32 numbers, s32 numbers, or the bits of bf16. */
export type View = Float32Array | Int32Array | Uint16Array

export type Launch =
  | {
      readonly kind: 'primitive'
      readonly primitive: Primitive
      readonly args: readonly Argument[]
      /** Whether it only brings a tensor from one layout into another. */
      readonly isReorder: boolean
    }
  /** Plain TypeScript over views; for what is too small to deserve a kernel. */
  | { readonly kind: 'script'; readonly bind: (view: (operand: Operand) => View) => () => void }
  /** SIMD threads over team memory. `scalars` are read before each run; `done` sees the sums. */
  | {
      readonly kind: 'team'
      readonly tasks: (offset: (operand: Operand) => number) => readonly Task[]
      readonly bind: (view: (operand: Operand) => View) => {
        scalars(into: Float64Array): void
        done?(sums: Float64Array): void
      }
    }
  /** One end of an exchange with other replicas, over `sums`. */
  | {
      readonly kind: 'exchange'
      readonly sums: Operand
      /** Where numbers are sent from that are not sent as they are. */
      readonly staging: Operand | undefined
      /** Of how many replicas, where it begins; absent where it ends. */
      readonly replicas?: number
    }

export type Argument = readonly [argument: number, desc: Descriptor, place: Place]

/** How one op becomes launches. */
export interface Lowering<O> {
  /** Ports that are row-major; the other feature maps of a node all have the layout chosen for it. */
  readonly rowMajor?: readonly string[]
  /** Ports whose storage must be in the SIMD team's memory. */
  readonly team?: readonly string[]
  /** Names of the ways to compute the op, the default first. @default one, 'direct' */
  readonly ways?: (attrs: Call<O>['attrs']) => readonly string[]
  /** Throws OnednnError where the library cannot go this way with these layouts. */
  lower(call: Call<O, Operand>, k: Kernels, way: string): void
}

/** Total over the ops: a missing kernel does not compile. */
export type Lowerings = { readonly [N in OpName]: Lowering<Ops[N]> }

const alignment = 64

/** Collects the launches of one node. */
export class Kernels {
  readonly launches: Launch[] = []
  /** Launches to run only after the store was written: they prepare constants. */
  readonly preparations: Launch[] = []
  readonly constantBytes: number[] = []
  readonly workspaceBytes = new Map<Value, number>()
  /** Results that must lie in the memory of another value, by `overwrite`. */
  readonly overwrites = new Map<Value, Value>()
  /** Values that lie in the memory of another, by `gather` and `share`. */
  readonly placed = new Map<Value, Within>()
  scratchBytes = 0
  readonly #firstConstant: number
  readonly #after: Launch[] = []
  readonly #isPlaced: (value: Value) => boolean
  readonly api: Api

  /** `isPlaced`: whether kernels of earlier nodes count on a value's lying in the memory of another. */
  constructor(api: Api, firstConstant: number, isPlaced: (value: Value) => boolean = () => false) {
    this.api = api
    this.#firstConstant = firstConstant
    this.#isPlaced = isPlaced
  }

  /** Runs a primitive over these tensors; its scratchpad is added. */
  launch(primitive: Primitive, args: readonly Argument[]): void {
    this.launches.push({
      kind: 'primitive',
      primitive,
      args: [...args, ...this.#scratchpad(primitive)],
      isReorder: false,
    })
    this.launches.push(...this.#after.splice(0))
  }

  /**
   * The place of `operand` in the layout `wanted`: its own when the layouts agree, else a copy, made once if the
   * operand is fixed and in every run if not. `as` describes the operand when it is seen under another shape.
   */
  prepared(operand: Operand, wanted: Descriptor, as = operand.desc): Place {
    if (this.api.sameLayout(as, wanted)) return operand.place
    const primitive = this.api.reorder({ src: as, dst: wanted })
    const to: Place = operand.fixed ? this.#constant(wanted) : this.scratch(wanted)
    const launches = operand.fixed ? this.preparations : this.launches
    launches.push({
      kind: 'primitive',
      primitive,
      args: [[arg.src, as, operand.place], [arg.dst, wanted, to], ...this.#scratchpad(primitive)],
      isReorder: true,
    })
    return to
  }

  /** Where a kernel that produces the layout `made` may write `operand`; a reorder follows the launch if need be. */
  delivered(operand: Operand, made: Descriptor, as = operand.desc): Place {
    if (this.api.sameLayout(as, made)) return operand.place
    const primitive = this.api.reorder({ src: made, dst: as })
    const from = this.scratch(made)
    const args: Argument[] = [[arg.src, made, from], [arg.dst, as, operand.place], ...this.#scratchpad(primitive)]
    this.#after.push({ kind: 'primitive', primitive, args, isReorder: true })
    return from
  }

  /** A constant tensor that holds `value` everywhere. */
  filled(desc: Descriptor, value: number): Place {
    const place = this.#constant(desc)
    const primitive = this.api.eltwise({ propagation: 'inference', algorithm: 'linear', beta: value, map: desc })
    this.preparations.push({
      kind: 'primitive',
      primitive,
      args: [
        [arg.src, desc, place],
        [arg.dst, desc, place],
      ],
      isReorder: false,
    })
    return place
  }

  /**
   * Claims the memory of `operand` for `result`, for a kernel that adds to what it finds there. False where somebody
   * still needs the operand, or the two are not laid out alike.
   */
  overwrite(operand: Operand, result: Operand): boolean {
    const free = operand.last && operand.place.kind === 'value' && this.api.sameLayout(operand.desc, result.desc)
    if (free) this.overwrites.set(result.value, operand.value)
    return free
  }

  /**
   * Claims that `operand`, when it was made, was laid into the memory of `result`, `offset` bytes from its beginning. False
   * where it has another place already, or somebody still needs it.
   */
  gather(operand: Operand, result: Operand, offset: number): boolean {
    const free = operand.last && operand.place.kind === 'value' && !this.#isPlaced(operand.value)
    if (free) this.placed.set(operand.value, { outer: result.value, offset })
    return free
  }

  /** Claims that `result` is what lies in `operand` from `offset` bytes on. False where that is not planned memory. */
  share(result: Operand, operand: Operand, offset: number): boolean {
    const planned = operand.planned && operand.place.kind === 'value'
    if (planned) this.placed.set(result.value, { outer: operand.value, offset })
    return planned
  }

  scratch(desc: Descriptor): Place {
    const offset = this.scratchBytes
    this.scratchBytes += Math.ceil(this.api.bytes(desc) / alignment) * alignment
    return { kind: 'scratch', offset }
  }

  /** The workspace of a forward primitive: sized here, read again by the backward kernel. */
  workspace(operand: Operand, primitive: Primitive): Argument {
    const desc = primitive.layout('workspace')
    this.workspaceBytes.set(operand.value, this.api.bytes(desc))
    return [arg.workspace, desc, operand.place]
  }

  #constant(desc: Descriptor): Place {
    this.constantBytes.push(this.api.bytes(desc))
    return { kind: 'constant', id: this.#firstConstant + this.constantBytes.length - 1 }
  }

  #scratchpad(primitive: Primitive): Argument[] {
    const desc = primitive.layout('scratchpad')
    return this.api.bytes(desc) === 0 ? [] : [[arg.scratchpad, desc, this.scratch(desc)]]
  }
}
