import type { Dtype } from '../../base/dtype.js'
import type { Shape } from '../../base/shape.js'
import { defineOp, type Graph, type Value } from '../op.js'

export interface Input {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: Shape
  /** The order in which numbers are handed over: images come channels-last from the decoder; the rest row-major. */
  readonly feed: 'nhwc' | 'plain'
}

/** A tensor that the caller fills before a run. */
export const inputOp = defineOp({
  name: 'input',
  inputs: {},
  outputs: { dst: 'one' },
  infer: (_, { dtype, shape }: Input) => ({ dst: { dtype, shape } }),
  saves: [],
  grad: () => ({}),
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference() {},
})

/**
 * How a variable's first values are made. `deviation` is before truncation at two deviations. `copy` takes those that
 * another variable, declared earlier, has at that time.
 */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'truncatedNormal'; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly limit: number }
  | { readonly kind: 'copy'; readonly of: string }

/**
 * What a variable is for. Parameters are trained; statistics are state that the forward pass measures (batch norm);
 * slots belong to the optimiser; averages shadow parameters and statistics for evaluation.
 */
export type Role = 'parameter' | 'statistic' | 'slot' | 'average'

export interface Variable {
  readonly name: string
  readonly role: Role
  readonly shape: Shape
  readonly initial: Initial
  /** Whether weight decay applies: weights of convolutions and dense layers, not biases, scales or shifts. */
  readonly decays: boolean
}

/** A tensor of f32 that lives in the store, outlives every run, and is saved in checkpoints under its name. */
export const variableOp = defineOp({
  name: 'variable',
  inputs: {},
  outputs: { dst: 'one' },
  infer: (_, { shape }: Variable) => ({ dst: { dtype: 'f32', shape } }),
  saves: [],
  grad: () => ({}),
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference() {},
})

/** A tensor of one number everywhere. */
export const constantOp = defineOp({
  name: 'constant',
  inputs: {},
  outputs: { dst: 'one' },
  infer: (_, { shape }: { readonly shape: Shape; readonly value: number }) => ({ dst: { dtype: 'f32', shape } }),
  saves: [],
  grad: () => ({}),
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference(_, { dst }, { value }) {
    dst.data.fill(value)
  },
})

export const input = (graph: Graph, attrs: Input): Value => inputOp.emit({}, attrs, graph).dst
export const variable = (graph: Graph, attrs: Variable): Value => variableOp.emit({}, attrs, graph).dst
export const constant = (graph: Graph, shape: Shape, value: number): Value =>
  constantOp.emit({}, { shape, value }, graph).dst

/** What a variable's node says of it; undefined for any other value. */
export const variableOf = (value: Value): Variable | undefined =>
  value.node.op.name === variableOp.name ? (value.node.attrs as Variable) : undefined

/** The variables of a graph, and its inputs, in the order of its nodes. */
export const variablesIn = (graph: Graph): Variable[] =>
  graph.nodes.flatMap(({ outputs }) => Object.values(outputs).flatMap(value => variableOf(value) ?? []))

export const inputsIn = (graph: Graph): Input[] =>
  graph.nodes.flatMap(({ op, attrs }) => (op.name === inputOp.name ? [attrs as Input] : []))
