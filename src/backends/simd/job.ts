import { UserError } from '../../base/error.js'
import type { KernelExports } from './kernel-module.js'
import type { StoreMemory } from './store-memory.js'
import { checkTasks, signatureOf, type Task } from './task.js'

/**
 * Elements of one chunk: 256 KiB of f32 for each operand. Fixed, because the partial sums of `squaredNorm` are per
 * chunk and must not depend on the number of threads.
 */
const chunkElements = 65536

/** With less work than this, waking a worker takes longer than doing its share. */
const worthSharing = 32768

/** Runs the job whose table has been filled: `rows` rows at byte `table`, with at most `helpers` workers. */
export type RunRows = (table: number, rows: number, helpers: number) => void

/** Tasks prepared once and run any number of times. Made by `Team.prepare`. */
export class Job {
  /** Σ of each `squaredNorm` task at the last run, in the order of the tasks; 0 at the places of other tasks. */
  readonly sums: Float64Array
  /** How many scalars a run reads. */
  readonly scalarCount: number
  readonly #store: StoreMemory
  readonly #run: RunRows
  readonly #block: number
  readonly #table: number
  readonly #rows: number
  readonly #helpers: number
  readonly #scalars: Float64Array
  readonly #partial: Float64Array
  /** For each row that yields a partial sum, in chunk order: the task it belongs to. */
  readonly #taskOf: Uint32Array
  #released = false

  constructor(tasks: readonly Task[], store: StoreMemory, constants: KernelExports['constants'], run: RunRows) {
    checkTasks(tasks, constants.RESERVED, store.buffer.byteLength)
    const signatures = tasks.map(signatureOf)
    const chunksOf = (task: Task) => Math.ceil(task.n / chunkElements)
    const owners = tasks.flatMap((task, i) => Array.from({ length: signatures[i]!.sums ? chunksOf(task) : 0 }, () => i))
    const fixed = new Map<number, number>()
    this.scalarCount = 0
    for (const scalar of signatures.flatMap(signature => signature.scalars))
      if (typeof scalar !== 'number') this.scalarCount = Math.max(this.scalarCount, scalar.slot + 1)
      else if (!fixed.has(scalar)) fixed.set(scalar, fixed.size)

    this.#rows = tasks.reduce((rows, task) => rows + chunksOf(task), 0)
    const rowBytes = constants.ROW_WORDS * 4
    const scalars = this.scalarCount + fixed.size
    this.#block = store.allocate(this.#rows * rowBytes + (scalars + owners.length) * 8)
    this.#table = this.#block
    const scalarsAt = this.#table + this.#rows * rowBytes
    const partialAt = scalarsAt + scalars * 8
    // These ranges lie inside today's buffer and blocks never move, so the views stay good when memory grows.
    const words = new Uint32Array(store.buffer, this.#table, this.#rows * constants.ROW_WORDS)
    this.#scalars = new Float64Array(store.buffer, scalarsAt, scalars)
    this.#partial = new Float64Array(store.buffer, partialAt, owners.length)
    this.#taskOf = Uint32Array.from(owners)
    for (const [value, place] of fixed) this.#scalars[this.scalarCount + place] = value

    let at = 0
    let partial = 0
    tasks.forEach((task, i) => {
      const { id, operands, scalars, sums } = signatures[i]!
      for (let first = 0; first < task.n; first += chunkElements, at += constants.ROW_WORDS) {
        words[at] = constants[id]
        words[at + 1] = Math.min(chunkElements, task.n - first)
        words[at + constants.FIRST] = first
        operands.forEach((operand, k) => {
          if (operand !== undefined) words[at + constants.OPERANDS + k] = operand.at + first * operand.elementBytes
        })
        if (sums) words[at + constants.SUM] = partialAt + 8 * partial++
        scalars.forEach((scalar, k) => {
          const place = typeof scalar === 'number' ? this.scalarCount + fixed.get(scalar)! : scalar.slot
          words[at + constants.SCALARS + k] = scalarsAt + 8 * place
        })
      }
    })

    const elements = tasks.reduce((sum, task) => sum + task.n, 0)
    this.#helpers = elements < worthSharing ? 0 : this.#rows - 1
    this.sums = new Float64Array(tasks.length)
    this.#store = store
    this.#run = run
  }

  /**
   * Performs every task, on all threads, and returns when all are done. `scalars` holds what the tasks' slots name; it
   * may be longer. Throws when a thread has failed, which leaves the tensors half updated and the team unusable.
   */
  run(scalars?: Float64Array): void {
    if (this.#released) throw new UserError('this SIMD job has been released: prepare it again')
    if ((scalars?.length ?? 0) < this.scalarCount)
      throw new UserError(`this SIMD job reads ${this.scalarCount} scalars, and ${scalars?.length ?? 0} were given`)
    for (let i = 0; i < this.scalarCount; i++) this.#scalars[i] = scalars![i]!
    this.#run(this.#table, this.#rows, this.#helpers)
    this.sums.fill(0)
    for (let i = 0; i < this.#taskOf.length; i++) this.sums[this.#taskOf[i]!]! += this.#partial[i]!
  }

  /** Gives the job's table back. The tensors it works on are not its own. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#store.release(this.#block)
  }
}
