import type { Value } from '../../graph/op.js'

/** Where a value lies in the memory of another. */
export interface Within {
  readonly outer: Value
  /** Bytes from the beginning of `outer`. */
  readonly offset: number
}

/** Which values lie in the memory of which: what their kernels count on, so it is not for the planner to choose. */
export class Overlay {
  readonly #parents = new Map<Value, Within>()
  readonly #wholes = new Set<Value>()

  /** `overwrites`: result → the operand whose memory it takes over. `within`: parts → the whole. */
  constructor(overwrites: ReadonlyMap<Value, Value>, within: ReadonlyMap<Value, Within>) {
    for (const [inner, place] of within) this.#parents.set(inner, place)
    // The last result first: if it has a place in a whole, so have all that it took its memory over from.
    for (const [result, operand] of [...overwrites].reverse())
      if (this.#parents.has(result)) this.#parents.set(operand, { outer: result, offset: 0 })
      else this.#parents.set(result, { outer: operand, offset: 0 })
    for (const { outer } of this.#parents.values()) this.#wholes.add(outer)
  }

  /** The value that has memory of its own, and where in it this one begins. */
  rootOf(value: Value): { readonly root: Value; readonly offset: number } {
    let root = value
    let offset = 0
    for (let parent = this.#parents.get(root); parent; parent = this.#parents.get(root)) {
      offset += parent.offset
      root = parent.outer
    }
    return { root, offset }
  }

  /** Whether others lie in a value's memory. */
  isShared(root: Value): boolean {
    return this.#wholes.has(root)
  }
}
