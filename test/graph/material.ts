import type { Precision } from '../../src/backends/backend.js'
import type { Dtype } from '../../src/base/dtype.js'
import { roundTo } from '../../src/base/dtype.js'
import { RandomStream } from '../../src/base/random.js'
import { type Shape, sizeOf } from '../../src/base/shape.js'
import { Graph, type Value } from '../../src/graph/op.js'
import { cast } from '../../src/graph/ops/cast.js'
import { input, variable } from '../../src/graph/ops/source.js'

/**
 * Whether activations come in as inputs of the case's precision, as images do, or as variables, which a numeric gradient
 * can move in double precision.
 */
export type Feed = 'inputs' | 'variables'

/** How numbers are drawn. `distinct`: no two of a plane equal, none near zero, all exact in bf16: no ties, no kinks. */
export type Law = 'normal' | 'positive' | 'distinct'

/** The tensors that a case is built from: draws their numbers and remembers them by name. */
export class Material {
  readonly graph = new Graph()
  readonly precision: Precision
  /** Numbers for every input and variable that the case asked for. */
  readonly numbers = new Map<string, number[]>()
  readonly variables: Value[] = []
  readonly #feed: Feed
  readonly #seed: string

  constructor(seed: string, precision: Precision, feed: Feed) {
    this.#seed = seed
    this.precision = precision
    this.#feed = feed
  }

  /** An activation in the case's precision: [N,C,H,W], [N,C] or [1]. */
  map(shape: Shape, law: Law = 'normal'): Value {
    return cast(this.#activation(shape, law, this.precision), this.precision)
  }

  /** An activation that is f32 in every precision, as logits, statistics and gradients of parameters are. */
  single(shape: Shape, law: Law = 'normal'): Value {
    return this.#activation(shape, law, 'f32')
  }

  /** A parameter's gradient as an input of its own: f32, in the parameter's order. */
  gradient(shape: Shape): Value {
    if (this.#feed === 'variables') return this.weight(shape)
    return input(this.graph, { name: this.#draw(shape, 'normal', 'f32'), dtype: 'f32', shape, feed: 'plain' })
  }

  /** A seed for the gradient of `output`, of its type. */
  seedOf({ shape, dtype }: Value): Value {
    return cast(this.#activation(shape, 'normal', dtype), dtype)
  }

  /** A parameter: f32 in every precision. */
  weight(shape: Shape, law: Law = 'normal'): Value {
    const name = this.#draw(shape, law, 'f32')
    const value = variable(this.graph, {
      name,
      role: 'parameter',
      shape,
      initial: { kind: 'constant', value: 0 },
      decays: true,
    })
    this.variables.push(value)
    return value
  }

  scalar(value: number): Value {
    return this.#given([value], 'f32')
  }

  whole(values: readonly number[]): Value {
    return this.#given(values, 's32')
  }

  #activation(shape: Shape, law: Law, dtype: Dtype): Value {
    if (this.#feed === 'variables') return this.weight(shape, law)
    const name = this.#draw(shape, law, dtype)
    return input(this.graph, { name, dtype: 'f32', shape, feed: shape.length === 4 ? 'nhwc' : 'plain' })
  }

  #given(values: readonly number[], dtype: Dtype): Value {
    const name = `given_${this.numbers.size}`
    this.numbers.set(name, [...values])
    return input(this.graph, { name, dtype, shape: [values.length], feed: 'plain' })
  }

  #draw(shape: Shape, law: Law, dtype: Dtype): string {
    const name = `drawn_${this.numbers.size}`
    const stream = new RandomStream(7, this.#seed, name)
    const numbers =
      law === 'distinct' ? distinct(shape, stream) : Array.from({ length: sizeOf(shape) }, () => draw[law](stream))
    this.numbers.set(
      name,
      numbers.map(value => roundTo(dtype, Math.fround(value))),
    )
    return name
  }
}

const draw = {
  normal: (stream: RandomStream) => stream.normal(),
  positive: (stream: RandomStream) => stream.uniform(0.5, 1.5),
}

/** Half-integers over 16, each once a plane: a plane must have at most 256 places for bf16 to hold them. */
function distinct(shape: Shape, stream: RandomStream): number[] {
  const plane = shape.length === 4 ? shape[2]! * shape[3]! : sizeOf(shape)
  if (plane > 256) throw new Error(`${plane} distinct numbers are more than bf16 can tell apart`)
  const planes = Array.from({ length: sizeOf(shape) / plane }, () => [...stream.permutation(plane)])
  return planes.flat().map(rank => (rank - Math.floor(plane / 2) + 0.5) / 16)
}
