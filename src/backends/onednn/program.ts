import { fromBf16 } from '../../base/dtype.js'
import type { Graph, Value } from '../../graph/op.js'
import { type Program, timed } from '../backend.js'
import type { Api } from './api.js'
import { Assembly } from './assembly.js'
import { Belongings } from './belongings.js'
import { whileBound } from './binding.js'
import type { TeamStore } from './store.js'
import type { Chooser } from './tuner.js'

/** Runs an assembly, until it is disposed. */
export class OnednnProgram implements Program {
  readonly memory: Program['memory']
  readonly #api: Api
  readonly #store: TeamStore
  readonly #belongings = new Belongings()
  #assembly: Assembly | undefined
  /** The version of the store that the preparations have seen. */
  #prepared = -1

  constructor(
    graph: Graph,
    api: Api,
    chooser: Chooser | undefined,
    store: TeamStore,
    options: ConstructorParameters<typeof Assembly>[4],
  ) {
    this.#api = api
    this.#store = store
    try {
      this.#assembly = api.making(
        this.#belongings,
        () => new Assembly(graph, api, chooser, store, options, this.#belongings),
      )
    } catch (error) {
      this.#belongings[Symbol.dispose]()
      throw error
    }
    this.memory = this.#assembly.memory.summary
  }

  /** The kernels hold addresses, so nothing may run once their memory belongs to others. */
  get #parts(): Assembly {
    if (this.#assembly === undefined) throw new Error('the program has been disposed: compile the graph again')
    if (this.#store.disposed) throw new Error("the program's store has been disposed: dispose programs before it")
    return this.#assembly
  }

  input(name: string) {
    const { inputs } = this.#parts
    const view = inputs.get(name)
    if (!view) throw new Error(`the graph has no input '${name}'; it has ${[...inputs.keys()].join(', ')}`)
    return view
  }

  run() {
    this.#perform(({ steps }) => {
      for (const step of steps) step.run()
    })
  }

  profile() {
    return this.#perform(({ steps }) => timed(steps))
  }

  #perform<T>(work: (parts: Assembly) => T): T {
    const parts = this.#parts
    const result = whileBound(() => {
      this.#prepare(parts)
      return work(parts)
    })
    // What is prepared depends on no variable that the program itself writes, so it stays as good as it was.
    if (parts.lowered.liveness.mutated.size > 0) this.#prepared = ++this.#store.version
    return result
  }

  #prepare({ preparations }: Assembly) {
    if (this.#prepared === this.#store.version) return
    for (const step of preparations) step.run()
    this.#prepared = this.#store.version
  }

  read(output: Value) {
    const { memory, lowered } = this.#parts
    const view = memory.view(output, { kind: 'value', value: output })
    const numbers = view instanceof Uint16Array ? Float32Array.from(view, fromBf16) : Float32Array.from(view)
    if (lowered.layouts.get(output) === 'rowMajor') return numbers
    const [n, c, h, w] = output.shape as [number, number, number, number]
    const rowMajor = new Float32Array(numbers.length)
    for (let image = 0; image < n; image++)
      for (let pixel = 0; pixel < h * w; pixel++)
        for (let channel = 0; channel < c; channel++)
          rowMajor[(image * c + channel) * h * w + pixel] = numbers[(image * h * w + pixel) * c + channel]!
    return rowMajor
  }

  kernels() {
    return this.#parts.steps.map(({ run: _, ...kernel }) => kernel)
  }

  exchanges() {
    return this.#parts.exchanges.all
  }

  [Symbol.dispose]() {
    this.#assembly = undefined
    this.#belongings[Symbol.dispose]()
    this.#api.forgetCode()
  }
}
