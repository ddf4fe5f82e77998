import type { Bound, Node, Op, Ports, Value } from '../op.js'

/** A node known to be of op `O`: its inputs and attributes by their types. */
export interface Match<In extends Ports, Attrs> {
  readonly x: Bound<In, Value>
  readonly attrs: Attrs
}

/** The node as one of `op`, or undefined if it is of another. */
export function matchOf<
  Name extends string,
  In extends Ports,
  Out extends Ports,
  Saved extends keyof In | keyof Out,
  A,
>(node: Node, op: Op<Name, In, Out, Saved, A>): Match<In, A> | undefined {
  if (node.op !== (op as unknown)) return undefined
  return { x: node.inputs as unknown as Bound<In, Value>, attrs: node.attrs as A }
}

/** The node that makes `value`, if it is of `op` and nobody else reads what it makes. */
export function soleProducer<
  Name extends string,
  In extends Ports,
  Out extends Ports,
  Saved extends keyof In | keyof Out,
  A,
>(
  value: Value,
  op: Op<Name, In, Out, Saved, A>,
  readers: ReadonlyMap<Value, readonly Node[]>,
  keep: readonly Value[],
): Match<In, A> | undefined {
  return readers.get(value)?.length === 1 && !keep.includes(value) ? matchOf(value.node, op) : undefined
}
