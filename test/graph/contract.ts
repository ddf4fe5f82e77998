import assert from 'node:assert/strict'
import type { Backend, Precision, Program, Store } from '../../src/backends/backend.js'
import { createReference } from '../../src/backends/reference/reference.js'
import { RandomStream } from '../../src/base/random.js'
import { formatShape, type Shape, sizeOf } from '../../src/base/shape.js'
import { gradients } from '../../src/graph/gradients.js'
import {
  defineOp,
  type Graph,
  type Node,
  type Numbers,
  type Tensor,
  type Type,
  type Value,
} from '../../src/graph/op.js'
import { type Input, variableOf } from '../../src/graph/ops/source.js'
import { type Feed, Material } from './material.js'

/** One use of an op (or of several together) that every backend must agree on. */
export interface OpCase {
  readonly name: string
  /** Adds the case to the material's graph and returns the values to look at; all outputs of their nodes are compared. */
  build(material: Material): readonly Value[]
  /**
   * What is compared besides: the gradients that the last node hands back for random seeds ('node'), the gradients of a
   * scalar loss with respect to every variable ('loss'), or nothing. With 'node' and 'loss' the gradient is also checked
   * against differences of the loss. @default 'node'
   */
  readonly backward?: 'node' | 'loss' | 'none'
  /** Whether it holds bf16 tensors in every precision, so that a backend without bf16 is spared it. @default false */
  readonly needsBf16?: boolean
}

/** What a backend has to pass: every case in every precision that it knows. */
export const contractOf = (backend: Backend, cases: readonly OpCase[]): readonly (readonly [OpCase, Precision])[] =>
  backend.precisions.flatMap(precision =>
    cases
      .filter(({ needsBf16 = false }) => !needsBf16 || backend.precisions.includes('bf16'))
      .map((opCase): [OpCase, Precision] => [opCase, precision]),
  )

/** The bounds on ‖got − wanted‖ / ‖wanted‖ of every tensor. */
const tolerance: Record<Precision, number> = { f32: 1e-5, bf16: 2e-2 }

/**
 * Runs a case on `backend` and on the reference backend, with the same inputs and variables, and compares every output
 * (and gradient), and every variable afterwards, as whole tensors. Throws an AssertionError that names the tensor.
 *
 * Along a chain of ops the roundings of bf16 add up, and where a batch norm cancels most of a gradient they are most of
 * what is left. So a gradient of a 'loss' is compared with the exact one, and may be off by twice what the reference's
 * own roundings make it off, if that is more.
 */
export function compareWithReference(backend: Backend, opCase: OpCase, precision: Precision): void {
  const { graph, outputs, numbers } = assemble(opCase, precision, 'inputs')
  const run = (each: Backend) => execute(each, graph, outputs, numbers)
  const [got, reference] = [run(backend), run(createReference())]
  const chained = opCase.backward === 'loss' && precision === 'bf16'
  const wanted = chained ? run(createReference({ arithmetic: 'f64' })) : reference
  const compare = (what: string, shape: Shape, read: (from: ReturnType<typeof run>) => Numbers) => {
    const limit = Math.max(tolerance[precision], chained ? 2 * distance(read(reference), read(wanted)) : 0)
    assert.equal(read(got).length, sizeOf(shape), `${what}: ${read(got).length} numbers for ${formatShape(shape)}`)
    const error = distance(read(got), read(wanted))
    assert.ok(
      error <= limit,
      `${what} ${formatShape(shape)}: relative error ${error.toExponential(2)}, at most ${limit}`,
    )
  }
  for (const [i, value] of outputs.entries())
    compare(`${value.node.op.name}.${value.port} (output ${i})`, value.shape, from => from.read(value))
  for (const [name, { shape }] of wanted.store.variables)
    compare(`variable ${name}`, shape, from => from.store.data(name))
}

/** The nodes of a case with its backward part, as `compareWithReference` runs it. */
export const nodesOf = (opCase: OpCase, precision: Precision = 'f32'): readonly Node[] =>
  assemble(opCase, precision, 'inputs').graph.nodes

function assemble(opCase: OpCase, precision: Precision, feed: Feed) {
  const material = new Material(opCase.name, precision, feed)
  const named = opCase.build(material)
  const { graph, numbers } = material
  const forward = named.flatMap(({ node }) => Object.values(node.outputs)).filter(({ dtype }) => dtype !== 'workspace')
  if (opCase.backward === 'none') return { graph, numbers, outputs: forward }
  const backward =
    opCase.backward === 'loss'
      ? gradients(
          named.map(of => ({ of, weight: 1 })),
          material.variables,
        )
      : named.flatMap(output => pullBack(output, material.seedOf(output)))
  return { graph, numbers, outputs: [...forward, ...backward] }
}

/** The gradients that the node of `output` hands to its inputs when `seed` arrives at `output`. */
function pullBack({ node, port }: Value, seed: Value): Value[] {
  const ports = { ...node.inputs, ...node.outputs }
  const result = node.op.grad?.({ [port]: seed }, ports, ports, node.attrs) ?? {}
  return (Object.values(result).flat() as (Value | undefined)[]).filter(value => value !== undefined)
}

function execute(
  backend: Backend,
  graph: Graph,
  outputs: readonly Value[],
  numbers: ReadonlyMap<string, readonly number[]>,
) {
  const store = backend.createStore()
  const program = backend.compile(graph, { outputs, store })
  fill(graph, program, store, numbers)
  program.run()
  program.run() // what the first run left behind in memory must not matter
  return { store, read: (value: Value) => program.read(value) }
}

/** Writes a case's numbers into its variables and inputs; feature maps go in channels-last. */
function fill(graph: Graph, program: Program, store: Store, numbers: ReadonlyMap<string, readonly number[]>) {
  for (const name of store.variables.keys()) store.data(name).set(numbers.get(name)!)
  for (const { op, attrs } of graph.nodes) {
    if (op.name !== 'input') continue
    const { name, shape, feed } = attrs as Input
    const given = numbers.get(name)!
    program.input(name).set(feed === 'nhwc' ? channelsLast(given, shape) : given)
  }
}

function channelsLast(numbers: readonly number[], [n, c, h, w]: Shape): number[] {
  const plane = h! * w!
  return Array.from(
    { length: n! * c! * plane },
    (_, i) => numbers[(Math.floor(i / (c! * plane)) * c! + (i % c!)) * plane + (Math.floor(i / c!) % plane)]!,
  )
}

/** ‖got − wanted‖ / ‖wanted‖. */
function distance(got: Numbers, wanted: Numbers): number {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < wanted.length; i++) {
    difference += (got[i]! - wanted[i]!) ** 2
    norm += wanted[i]! ** 2
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm)
}

/**
 * Runs every node's reference kernel over outputs filled with NaN: a kernel must write each element of what `infer`
 * announced, and rely on nothing that was there before.
 */
export function checkFilled(opCase: OpCase): void {
  const { graph, numbers } = assemble(opCase, 'f32', 'inputs')
  const tensors = new Map<Value, Tensor>()
  for (const { op, inputs, outputs, attrs } of graph.nodes) {
    for (const value of Object.values(outputs)) {
      const given = numbers.get((attrs as { name?: string }).name ?? '')
      const data = Float64Array.from({ length: sizeOf(value.shape) }, (_, i) => given?.[i] ?? Number.NaN)
      tensors.set(value, { dtype: value.dtype, shape: value.shape, data })
    }
    op.reference(bind(inputs, tensors), bind(outputs, tensors), attrs)
    for (const [port, value] of Object.entries(outputs)) {
      const empty = tensors.get(value)!.data.findIndex(Number.isNaN)
      assert.equal(empty, -1, `${op.name} leaves element ${empty} of ${port} ${formatShape(value.shape)} unwritten`)
    }
  }
}

function bind(ports: Node['inputs'], tensors: ReadonlyMap<Value, Tensor>) {
  return Object.fromEntries(
    Object.entries(ports).map(([port, entry]) => [
      port,
      Array.isArray(entry) ? entry.map((value: Value) => tensors.get(value)!) : tensors.get(entry as Value),
    ]),
  )
}

/** Σ weights·src: turns any tensor into a loss whose gradient differs from element to element. */
const probeOp = defineOp({
  name: 'probe',
  inputs: { src: 'one' },
  outputs: { loss: 'one' },
  infer: (_, __: Probe) => ({ loss: { dtype: 'f32', shape: [1] } }),
  saves: [],
  grad: ({ loss }, _, { src }, { weights }) =>
    loss ? { src: probeBackward.emit({ diff_loss: loss }, { weights, src }).diff_src } : {},
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, { loss }, { weights }) {
    let total = 0
    for (let i = 0; i < weights.length; i++) total += weights[i]! * src.data[i]!
    loss.data[0] = total
  },
})

const probeBackward = defineOp({
  name: 'probeBackward',
  inputs: { diff_loss: 'one' },
  outputs: { diff_src: 'one' },
  infer: (_, { src }: Probe & { readonly src: Type }) => ({ diff_src: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ diff_loss }, { diff_src }, { weights }) {
    for (let i = 0; i < weights.length; i++) diff_src.data[i] = diff_loss.data[0]! * weights[i]!
  },
})

interface Probe {
  readonly weights: Float64Array
}

/** Copies a value out of a run in double precision, which `read` would round to f32. */
const captureOp = defineOp({
  name: 'capture',
  inputs: { src: 'one' },
  outputs: {},
  infer: (_, __: { readonly into: Float64Array }) => ({}),
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, _, { into }) {
    into.set(src.data)
  },
})

function capture(src: Value): Float64Array {
  const into = new Float64Array(sizeOf(src.shape))
  captureOp.emit({ src }, { into })
  return into
}

/** Whether a case has a gradient to check. */
export const isDifferentiable = (opCase: OpCase): boolean => opCase.backward !== 'none'

/**
 * Compares the gradient graph with central differences of the loss, in double precision: along a random direction in
 * each variable alone, and in all of them together.
 */
export function checkGradient(opCase: OpCase): void {
  const material = new Material(opCase.name, 'f32', 'variables')
  const outputs = opCase.build(material)
  const losses = outputs.map(
    (src, i) => probeOp.emit({ src }, { weights: normals(sizeOf(src.shape), opCase.name, 'probe', i) }).loss,
  )
  const { graph, numbers } = material
  const wrt = material.variables.filter(value => leadsTo(value, losses))
  const diff = gradients(
    losses.map(of => ({ of, weight: 1 })),
    wrt,
  ).map(capture)
  const totals = losses.map(capture)
  const backend = createReference({ arithmetic: 'f64' })
  const store = backend.createStore()
  const program = backend.compile(graph, { outputs: [], store })
  fill(graph, program, store, numbers)
  const run = () => {
    program.run()
    return totals.reduce((sum, total) => sum + total[0]!, 0)
  }
  run()
  const analytic = diff.map(data => data.slice())
  const directions = [...wrt.map((_, only) => [only]), wrt.map((_, i) => i)]
  for (const [number, moved] of directions.entries()) {
    const steps = moved.map(i => normals(sizeOf(wrt[i]!.shape), opCase.name, 'direction', number, i))
    const shift = (by: number) => {
      for (const [j, i] of moved.entries()) {
        const name = variableOf(wrt[i]!)!.name
        store.data(name).set(numbers.get(name)!.map((x, k) => x + by * steps[j]![k]!))
      }
    }
    const epsilon = 1e-5
    shift(epsilon)
    const above = run()
    shift(-epsilon)
    const below = run()
    shift(0)
    const numeric = (above - below) / (2 * epsilon)
    const along = moved.reduce((sum, i, j) => sum + dot(analytic[i]!, steps[j]!), 0)
    const size = Math.sqrt(moved.reduce((sum, i) => sum + dot(analytic[i]!, analytic[i]!), 0))
    const where = moved.map(i => variableOf(wrt[i]!)!.name).join(', ')
    assert.ok(
      Math.abs(numeric - along) <= 1e-7 * (1 + size),
      `gradient along ${where}: ${along} by the graph, ${numeric} by differences, norm ${size}`,
    )
  }
}

function leadsTo(value: Value, targets: readonly Value[]): boolean {
  const reached = new Set<Value>([value])
  for (const { inputs, outputs } of value.node.graph.nodes)
    if (
      Object.values(inputs)
        .flatMap(entry => entry ?? [])
        .some(entry => reached.has(entry as Value))
    )
      for (const output of Object.values(outputs)) reached.add(output)
  return targets.some(target => reached.has(target))
}

function normals(length: number, ...path: readonly (string | number)[]): Float64Array {
  const stream = new RandomStream(11, ...path)
  return Float64Array.from({ length }, () => stream.normal())
}

const dot = (a: Numbers, b: Numbers): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
