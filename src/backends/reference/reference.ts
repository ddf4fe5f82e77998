import { bytesPerElement, type Dtype, roundTo } from '../../base/dtype.js'
import { type Shape, sizeOf } from '../../base/shape.js'
import type { Communicator } from '../../communication/communicator.js'
import { soloCommunicator } from '../../communication/solo.js'
import { flatten, type Graph, type Node, type Numbers, type Tensor, type Value } from '../../graph/op.js'
import { type Input, type Variable, variableOf } from '../../graph/ops/source.js'
import { allPasses, type Passes } from '../../graph/passes/pass-names.js'
import { type Backend, type CompileOptions, type Kernel, type Program, type Store, timed } from '../backend.js'
import { draw, expectSameShape, initialKey, inStore } from '../initialise.js'
import { ReferenceExchanges } from './exchanges.js'

export interface ReferenceOptions {
  /**
   * 'typed' keeps every tensor in its own type (f32, or f32 rounded to bf16), as other backends do. 'f64' keeps all but
   * variables in double precision: the oracle for numeric gradients.
   * @default 'typed'
   */
  readonly arithmetic?: 'typed' | 'f64'
  /** @default all */
  readonly passes?: Passes
}

/** Runs every op's own reference kernel: plain TypeScript, slow, and the meaning that other backends are held to. */
export function createReference({ arithmetic = 'typed', passes = allPasses }: ReferenceOptions = {}): Backend {
  const make = (length: number): Numbers => (arithmetic === 'f64' ? new Float64Array(length) : new Float32Array(length))
  return {
    title: 'reference',
    native: false,
    precisions: ['f32', 'bf16'],
    passes,
    threads: 1,
    createStore: () => new ReferenceStore(make),
    compile: (graph, options) => new ReferenceProgram(graph, options, arithmetic === 'typed', make),
    limit: () => undefined,
  }
}

class ReferenceStore implements Store {
  readonly variables = new Map<string, Variable>()
  readonly #data = new Map<string, Numbers>()
  readonly #make: (length: number) => Numbers
  #disposed = false

  constructor(make: (length: number) => Numbers) {
    this.#make = make
  }

  declare(variable: Variable, seed: number) {
    if (this.#disposed) throw new Error('the store has been disposed: make a new one')
    const known = this.variables.get(variable.name)
    if (known) return expectSameShape(known, variable)
    this.#data.set(variable.name, this.#initial(variable, seed))
    this.variables.set(variable.name, variable)
  }

  #initial({ name, shape, initial }: Variable, seed: number): Numbers {
    const data = this.#make(sizeOf(shape))
    if (initial.kind === 'constant') data.fill(initial.value)
    else if (initial.kind === 'copy') data.set(this.data(initial.of))
    else {
      const first = new Float32Array(data.length)
      draw(initial, initialKey(seed, name), first)
      data.set(first)
    }
    return data
  }

  has(name: string) {
    return this.variables.has(name)
  }

  /** In f64 arithmetic the numbers are doubles, which read and write like floats. */
  data(name: string) {
    const data = this.#data.get(name)
    if (!data) throw new Error(`the store holds no '${name}'`)
    return data as Float32Array
  }

  [Symbol.dispose]() {
    this.#disposed = true
    this.#data.clear()
    this.variables.clear()
  }
}

class ReferenceProgram implements Program {
  readonly #tensors = new Map<Value, Tensor>()
  readonly #inputs = new Map<string, { buffer: Float32Array | Int32Array; value: Value }>()
  readonly #steps: { node: Node; run(): void }[] = []
  readonly #rounds: boolean
  readonly #exchanges: ReferenceExchanges
  readonly #communicator: Communicator
  #disposed = false

  constructor(
    graph: Graph,
    { store, seed = 0, bind = name => name, communicator = soloCommunicator() }: CompileOptions,
    rounds: boolean,
    make: (length: number) => Numbers,
  ) {
    this.#rounds = rounds
    this.#communicator = communicator
    this.#exchanges = new ReferenceExchanges(communicator)
    for (const node of graph.nodes) {
      for (const value of Object.values(node.outputs)) {
        const declared = variableOf(value)
        if (declared) store.declare(inStore(declared, bind), seed)
        const data = declared ? store.data(bind(declared.name)) : make(sizeOf(value.shape))
        this.#tensors.set(value, { dtype: value.dtype, shape: value.shape, data })
      }
      if (node.op.name === 'input') this.#addInput(node)
      else if (node.op.name !== 'variable') this.#addStep(node)
    }
  }

  #addInput(node: Node) {
    const { name, shape, dtype } = node.attrs as Input
    const buffer = dtype === 's32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape))
    this.#inputs.set(name, { buffer, value: node.outputs.dst! })
  }

  #addStep(node: Node) {
    const tensor = (value: Value) => this.#tensors.get(value)!
    const bound = (ports: Node['inputs']) =>
      Object.fromEntries(Object.entries(ports).map(([k, v]) => [k, v && ('node' in v ? tensor(v) : v.map(tensor))]))
    const [x, y] = [bound(node.inputs), bound(node.outputs)]
    const written = this.#rounds ? [...Object.values(node.outputs)].filter(v => v.dtype === 'bf16').map(tensor) : []
    const perform = this.#exchanges.around(node, tensor, () => node.op.reference(x, y, node.attrs))
    this.#steps.push({
      node,
      run: () => {
        perform()
        for (const { data, dtype } of written) for (let i = 0; i < data.length; i++) data[i] = roundTo(dtype, data[i]!)
        this.#communicator.worked()
      },
    })
  }

  #expectLive() {
    if (this.#disposed) throw new Error('the program has been disposed: compile the graph again')
  }

  input(name: string) {
    this.#expectLive()
    const found = this.#inputs.get(name)
    if (!found) throw new Error(`the graph has no input '${name}'`)
    return found.buffer
  }

  run() {
    this.#feed()
    for (const step of this.#steps) step.run()
  }

  #feed() {
    this.#expectLive()
    for (const { buffer, value } of this.#inputs.values()) {
      const { data, shape } = this.#tensors.get(value)!
      if ((value.node.attrs as Input).feed === 'plain') data.set(buffer)
      else {
        const [n, c, h, w] = shape as [number, number, number, number]
        for (let i = 0; i < n * h * w; i++)
          for (let k = 0; k < c; k++)
            data[(Math.floor(i / (h * w)) * c + k) * h * w + (i % (h * w))] = buffer[i * c + k]!
      }
    }
  }

  read(output: Value) {
    this.#expectLive()
    return Float32Array.from(this.#tensors.get(output)!.data)
  }

  get memory() {
    const tensors = [...this.#tensors].filter(([value]) => !variableOf(value))
    const arena = tensors.reduce((sum, [, { data }]) => sum + data.byteLength, 0)
    return { arena, constants: 0, beside: 0, inputs: 0 }
  }

  kernels() {
    this.#expectLive()
    return this.#steps.map(({ node }) => kernelOf(node))
  }

  profile() {
    this.#feed()
    return timed(this.#steps.map(({ node, run }) => ({ ...kernelOf(node), run })))
  }

  exchanges() {
    return this.#exchanges.all
  }

  [Symbol.dispose]() {
    this.#disposed = true
    this.#tensors.clear()
    this.#inputs.clear()
    this.#steps.length = 0
  }
}

const kernelOf = ({ scope, op, inputs, outputs }: Node): Kernel => ({
  scope,
  op: op.name,
  kernel: 'plain loops',
  layout: '',
  bytes: [...flatten(inputs), ...flatten(outputs)].reduce((sum, { shape, dtype }) => sum + bytesOf(shape, dtype), 0),
})

const bytesOf = (shape: Shape, dtype: Dtype) => sizeOf(shape) * bytesPerElement(dtype)
