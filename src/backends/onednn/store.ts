import { sizeOf } from '../../base/shape.js'
import type { Variable } from '../../graph/ops/source.js'
import type { Store } from '../backend.js'
import { expectSameShape, initialKey } from '../initialise.js'
import type { Task } from '../simd/task.js'
import type { Team } from '../simd/team.js'

/** Variables in the SIMD team's shared memory, where oneDNN and the optimiser's threads both reach them. */
export class TeamStore implements Store {
  readonly variables = new Map<string, Variable>()
  /** Counts writes, so that programs know when weights that they keep in another layout are stale. */
  version = 0
  readonly team: Team
  readonly #offsets = new Map<string, number>()
  #disposed = false

  constructor(team: Team) {
    this.team = team
  }

  get disposed(): boolean {
    return this.#disposed
  }

  declare(variable: Variable, seed: number) {
    if (this.#disposed) throw new Error('the store has been disposed: make a new one')
    const { name, shape } = variable
    const known = this.variables.get(name)
    if (known) return expectSameShape(known, variable)
    const offset = this.team.allocate(4 * sizeOf(shape))
    const task = this.#initialTask(variable, seed, offset)
    if (task !== undefined) {
      const job = this.team.prepare([task])
      job.run()
      job.release()
    }
    this.variables.set(name, variable)
    this.#offsets.set(name, offset)
    this.version++
  }

  /** What fills a new block with a variable's first values; nothing where they are zero, as blocks begin. */
  #initialTask({ name, shape, initial }: Variable, seed: number, dst: number): Task | undefined {
    const n = sizeOf(shape)
    switch (initial.kind) {
      case 'constant':
        return initial.value === 0 ? undefined : { kernel: 'fill', dst, n, value: initial.value }
      case 'copy':
        return { kernel: 'copy', dst, src: this.offset(initial.of), n }
      case 'uniform':
        return { kernel: 'uniform', dst, n, key: initialKey(seed, name), limit: initial.limit }
      case 'truncatedNormal':
        return { kernel: 'truncatedNormal', dst, n, key: initialKey(seed, name), deviation: initial.deviation }
    }
  }

  has(name: string) {
    return this.variables.has(name)
  }

  offset(name: string): number {
    const offset = this.#offsets.get(name)
    if (offset === undefined) throw new Error(`the store holds no '${name}'`)
    return offset
  }

  data(name: string) {
    // Whoever asks may write.
    this.version++
    return this.team.f32(this.offset(name), sizeOf(this.variables.get(name)!.shape))
  }

  [Symbol.dispose]() {
    this.#disposed = true
    for (const offset of this.#offsets.values()) this.team.release(offset)
    this.#offsets.clear()
    this.variables.clear()
  }
}
