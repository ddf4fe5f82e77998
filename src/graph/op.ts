import type { Dtype } from '../base/dtype.js'
import { formatShape, type Shape } from '../base/shape.js'

/** What is known of a tensor before it holds numbers. */
export interface Type {
  readonly dtype: Dtype
  readonly shape: Shape
}

/** One output of a node. Assigned once; variables are the only storage that outlives a run. */
export interface Value extends Type {
  readonly node: Node
  readonly port: string
}

export interface Node {
  readonly graph: Graph
  readonly op: AnyOp
  readonly inputs: Readonly<Record<string, Value | readonly Value[] | undefined>>
  readonly attrs: unknown
  readonly outputs: Readonly<Record<string, Value>>
  /** Where in the network's text this node was made: 'inception_b.3.branch_1'. */
  readonly scope: string
}

/** A program before it is compiled: nodes in an order in which they can run. */
export class Graph {
  readonly nodes: Node[] = []
  /** The scope that nodes emitted from here on belong to. */
  scope = ''
}

/** How many values a port takes. */
export type Arity = 'one' | 'optional' | 'many'
export type Ports = Readonly<Record<string, Arity>>
/** A port map filled with T: an array for `many`, possibly absent for `optional`. */
export type Bound<P extends Ports, T> = {
  readonly [K in keyof P]: P[K] extends 'many' ? readonly T[] : P[K] extends 'optional' ? T | undefined : T
}

/** Numbers of a tensor in row-major order of its shape, as the reference kernels see them. */
export type Numbers = Float64Array | Float32Array
export interface Tensor extends Type {
  readonly data: Numbers
}

export interface Cost {
  /** Multiplications followed by an addition: what papers and `inception inspect` count. */
  readonly multiplyAdds: number
  /** Floating-point operations, multiplications and additions counted apart. */
  readonly flops: number
}

/** Everything the system knows of an op. Kernels of a backend stand in that backend's folder, one file an op. */
export interface OpSpec<
  Name extends string,
  In extends Ports,
  Out extends Ports,
  Saved extends keyof In | keyof Out,
  Attrs,
> {
  readonly name: Name
  readonly inputs: In
  readonly outputs: Out
  /** Output types from input types: the only place where this op's shapes are computed. Throws ShapeError. */
  infer(x: Bound<In, Type>, attrs: Attrs): Bound<Out, Type>
  /** Ports whose values the gradient reads; everything else may be freed after its last forward use. */
  readonly saves: readonly Saved[]
  /**
   * Emits the backward graph: from the gradients of the outputs (absent: no gradient flows there) to those of the
   * inputs (left out: none). Null for ops that only occur in backward or update graphs.
   */
  readonly grad:
    | ((
        diff: { readonly [K in keyof Out]: Value | undefined },
        saved: Pick<Bound<In, Value> & Bound<Out, Value>, Saved>,
        types: Bound<In, Type> & Bound<Out, Type>,
        attrs: Attrs,
      ) => { readonly [K in keyof In]?: Value | readonly (Value | undefined)[] | undefined })
    | null
  cost(x: Bound<In, Type>, y: Bound<Out, Type>, attrs: Attrs): Cost
  /** Plain loops: the meaning of the op, and the oracle that every kernel is tested against. */
  reference(x: Bound<In, Tensor>, y: Bound<Out, Tensor>, attrs: Attrs): void
  /** Output → input whose storage the output may take over when nobody reads that input later. */
  readonly inPlace?: { readonly [K in keyof Out]?: keyof In }
  /** Input ports whose storage the op overwrites: variables only. Such a node is an effect and is never removed. */
  readonly mutates?: readonly (keyof In)[]
  /**
   * When its nodes run, where the order leaves a choice: as soon as their operands are there, or just before the first
   * reader, but never after a node that writes a variable. @default where they were emitted
   */
  readonly schedule?: 'early' | 'late'
  /**
   * Which end of a sum over replicas its nodes are, and the port of the numbers that are summed in place: they are sent
   * when a node that begins one has run, and have come before one that ends it runs. @default neither
   */
  readonly exchange?:
    | {
        readonly begins: keyof Out
        among(attrs: Attrs): { readonly replicas: number; readonly precision: 'f32' | 'bf16' }
      }
    | { readonly ends: keyof In }
  /** The attributes that make this op apply a ReLU to its `dst` as well; undefined where it can't. */
  absorbRelu?(attrs: Attrs): Attrs | undefined
  /** Emits `dst` again, from inputs and from outputs other than `dst`, so that it need not be kept meanwhile. */
  replay?(x: Bound<In, Value>, y: Bound<Out, Value>, attrs: Attrs): Value
}

export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

export interface Op<Name extends string, In extends Ports, Out extends Ports, Saved extends keyof In | keyof Out, Attrs>
  extends OpSpec<Name, In, Out, Saved, Attrs> {
  /** Adds a node to the graph that the inputs belong to (or to `graph` for ops without inputs). */
  emit(inputs: Bound<In, Value>, attrs: Attrs, graph?: Graph): Bound<Out, Value>
}

// biome-ignore lint/suspicious/noExplicitAny: the one generic boundary, where ops of all port types share a list
export type AnyOp = Op<string, any, any, any, any>

export function defineOp<
  const Name extends string,
  const In extends Ports,
  const Out extends Ports,
  const Saved extends keyof In | keyof Out = never,
  Attrs = Record<never, never>,
>(spec: OpSpec<Name, In, Out, Saved, Attrs>): Op<Name, In, Out, Saved, Attrs> {
  const op: Op<Name, In, Out, Saved, Attrs> = {
    ...spec,
    emit(inputs, attrs, graph = graphOf(inputs)) {
      const types = inferIn(graph, spec, inputs, attrs)
      const outputs: Record<string, Value> = {}
      const node: Node = { graph, op: op as unknown as AnyOp, inputs, attrs, outputs, scope: graph.scope }
      for (const [port, type] of Object.entries(types as Record<string, Type | undefined>))
        if (type) outputs[port] = { dtype: type.dtype, shape: type.shape, node, port }
      graph.nodes.push(node)
      return outputs as Bound<Out, Value>
    },
  }
  return op
}

function inferIn<In extends Ports, Out extends Ports, Attrs>(
  graph: Graph,
  spec: { name: string; infer(x: Bound<In, Type>, attrs: Attrs): Bound<Out, Type> },
  inputs: Bound<In, Value>,
  attrs: Attrs,
): Bound<Out, Type> {
  try {
    return spec.infer(inputs, attrs)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new ShapeError(`${graph.scope || 'graph'}: ${spec.name}: ${error.message}`)
  }
}

function graphOf(inputs: Readonly<Record<string, Value | readonly Value[] | undefined>>): Graph {
  for (const value of flatten(inputs)) return value.node.graph
  throw new Error('an op without inputs must be given its graph')
}

/** Whether a port is filled with a list. */
export const isMany = (entry: Value | readonly Value[]): entry is readonly Value[] => Array.isArray(entry)

/** Every value of a port map, ports in order. */
export function flatten(ports: Readonly<Record<string, Value | readonly Value[] | undefined>>): Value[] {
  return Object.values(ports).flatMap(value => value ?? [])
}

/** The four lengths of a feature map, or a ShapeError that names what came instead. */
export function featureMap({ shape }: Type): readonly [n: number, c: number, h: number, w: number] {
  const [n, c, h, w] = shape
  if (shape.length !== 4) throw new ShapeError(`needs a feature map (4 axes), got ${formatShape(shape)}`)
  return [n!, c!, h!, w!]
}

/** The two lengths of a matrix, or a ShapeError that names what came instead. */
export function matrix({ shape }: Type): readonly [rows: number, columns: number] {
  if (shape.length !== 2) throw new ShapeError(`needs a matrix (2 axes), got ${formatShape(shape)}`)
  return [shape[0]!, shape[1]!]
}
