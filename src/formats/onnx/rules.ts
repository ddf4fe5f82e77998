import type { Dimension, ElementType, OnnxAttribute, TensorType } from './types.js'

/** What a rule may look at. Each getter throws `Breach` where the node has not what is asked for. */
export interface Subject {
  /** The number of inputs, those left out counted. */
  readonly count: number
  input(place: number): TensorType
  optional(place: number): TensorType | undefined
  /** The numbers of an int64 initialiser. */
  constant(place: number): readonly number[]
  int(name: string, otherwise?: number): number
  ints(name: string): readonly number[]
}

/** How a node breaks a rule. */
export class Breach extends Error {
  override readonly name = 'Breach'
}

interface Rule {
  /** Least and most inputs. */
  readonly inputs: readonly [least: number, most: number]
  readonly attributes: Readonly<Record<string, keyof Union<OnnxAttribute>>>
  /** The type of the output, from those of the inputs. */
  infer(node: Subject): TensorType
}

/** All keys of a union's members. */
type Union<T> = { [K in T extends T ? keyof T : never]: never }

/**
 * The operators in use, as https://github.com/onnx/onnx/blob/v1.12.0/docs/Operators.md defines them for opset 17, but for
 * what nothing here needs (automatic padding, dilation, rounding up).
 */
export const rules = {
  Conv: {
    inputs: [2, 3],
    attributes: { kernel_shape: 'ints', strides: 'ints', pads: 'ints', group: 'int' },
    infer(node) {
      const [x, w, b] = [map(node, 0), floats(node.input(1)), node.optional(2)]
      const [filters, perGroup, ...kernel] = w.shape
      const groups = node.int('group', 1)
      expect(w.shape.length === 4 && w.type === x.type, 'the weights are no filters of the map’s type')
      expect(x.shape[1] === Number(perGroup) * groups, `weights for ${perGroup}·${groups} channels of ${x.shape[1]}`)
      expect(Number(filters) % groups === 0, `${filters} filters in ${groups} groups`)
      expect(kernel.join() === node.ints('kernel_shape').join(), 'kernel_shape is not that of the weights')
      expect(!b || (b.type === x.type && b.shape.join() === `${filters}`), 'the bias has not a number a filter')
      return { type: x.type, shape: [x.shape[0]!, filters!, ...windows(node, x)] }
    },
  },
  BatchNormalization: {
    inputs: [5, 5],
    attributes: { epsilon: 'float' },
    infer(node) {
      const x = map(node, 0)
      for (const place of [1, 2, 3, 4]) {
        const { type, shape } = node.input(place)
        expect(type === x.type && shape.join() === `${x.shape[1]}`, `input ${place} has not a number a channel`)
      }
      return x
    },
  },
  Relu: { inputs: [1, 1], attributes: {}, infer: node => floats(node.input(0)) },
  Add: { inputs: [2, 2], attributes: {}, infer: broadcast },
  Sub: { inputs: [2, 2], attributes: {}, infer: broadcast },
  Mul: { inputs: [2, 2], attributes: {}, infer: broadcast },
  Div: { inputs: [2, 2], attributes: {}, infer: broadcast },
  Max: { inputs: [2, 2], attributes: {}, infer: broadcast },
  Sqrt: { inputs: [1, 1], attributes: {}, infer: node => floats(node.input(0)) },
  ReduceMean: {
    inputs: [1, 1],
    attributes: { axes: 'ints', keepdims: 'int' },
    infer(node) {
      const { type, shape } = floats(node.input(0))
      const axes = node.ints('axes')
      expect(
        axes.every(axis => axis < shape.length),
        `axes ${axes.join(', ')} of ${shape.length}`,
      )
      expect(node.int('keepdims') === 1, 'axes are dropped')
      return { type, shape: shape.map((length, axis) => (axes.includes(axis) ? 1 : length)) }
    },
  },
  Sum: {
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: {},
    infer(node) {
      const x = floats(node.input(0))
      for (let i = 1; i < node.count; i++) expectSame(node.input(i), x)
      return x
    },
  },
  Concat: {
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: { axis: 'int' },
    infer(node) {
      const first = node.input(0)
      const axis = node.int('axis')
      expect(axis >= 0 && axis < first.shape.length, `axis ${axis} of ${first.shape.length}`)
      let length = 0
      for (let i = 0; i < node.count; i++) {
        const { type, shape } = node.input(i)
        expectSame({ type, shape: shape.with(axis, 0) }, { type: first.type, shape: first.shape.with(axis, 0) })
        length += whole(shape[axis]!)
      }
      return { type: first.type, shape: first.shape.with(axis, length) }
    },
  },
  Slice: {
    inputs: [4, 4],
    attributes: {},
    infer(node) {
      const { type, shape } = node.input(0)
      const [[start], [end], [axis]] = [node.constant(1), node.constant(2), node.constant(3)]
      const length = whole(shape[axis!]!)
      expect(0 <= start! && start! < end! && end! <= length, `${start} to ${end} of an axis of ${length}`)
      return { type, shape: shape.with(axis!, end! - start!) }
    },
  },
  Gather: {
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer(node) {
      const { type, shape } = node.input(0)
      const [indices, axis] = [node.constant(1), node.int('axis')]
      expect(
        indices.every(i => i >= 0 && i < whole(shape[axis]!)),
        'an index is out of range',
      )
      return { type, shape: shape.with(axis, indices.length) }
    },
  },
  MaxPool: {
    inputs: [1, 1],
    attributes: { kernel_shape: 'ints', strides: 'ints', pads: 'ints' },
    infer: pooled,
  },
  AveragePool: {
    inputs: [1, 1],
    attributes: { kernel_shape: 'ints', strides: 'ints', pads: 'ints', count_include_pad: 'int' },
    infer: pooled,
  },
  GlobalAveragePool: {
    inputs: [1, 1],
    attributes: {},
    infer(node) {
      const { type, shape } = map(node, 0)
      return { type, shape: [shape[0]!, shape[1]!, 1, 1] }
    },
  },
  Flatten: {
    inputs: [1, 1],
    attributes: { axis: 'int' },
    infer(node) {
      const { type, shape } = node.input(0)
      expect(node.int('axis') === 1 && shape.length > 1, 'only the axes after the first are made one')
      return { type, shape: [shape[0]!, shape.slice(1).reduce<number>((product, n) => product * whole(n), 1)] }
    },
  },
  Gemm: {
    inputs: [3, 3],
    attributes: { transB: 'int' },
    infer(node) {
      const [a, b, c] = [floats(node.input(0)), floats(node.input(1)), floats(node.input(2))]
      expect(a.shape.length === 2 && b.shape.length === 2 && node.int('transB', 0) === 1, 'not a product with Bᵀ')
      expect(a.shape[1] === b.shape[1], `rows of ${a.shape[1]} by rows of ${b.shape[1]}`)
      expect(c.shape.join() === `${b.shape[0]}`, 'C has not a number a column')
      expect(a.type === b.type && a.type === c.type, 'A, B and C are of different types')
      return { type: a.type, shape: [a.shape[0]!, b.shape[0]!] }
    },
  },
  Cast: {
    inputs: [1, 1],
    attributes: { to: 'int' },
    infer(node) {
      const type = castable.get(node.int('to'))
      expect(type !== undefined, 'it casts to a type that is not in use')
      return { type: type!, shape: node.input(0).shape }
    },
  },
  QuantizeLinear: {
    inputs: [3, 3],
    attributes: {},
    infer(node) {
      const [x, scale, zero] = [node.input(0), node.input(1), node.input(2)]
      expect(x.type === 'float' && scale.type === 'float', 'opset 17 quantises 32-bit numbers only')
      expect(scale.shape.length === 0 && zero.shape.length === 0, 'a tensor has one scale and one zero point')
      expect(zero.type === 'uint8' || zero.type === 'int8', 'the zero point has not 8 bits')
      return { type: zero.type, shape: x.shape }
    },
  },
  DequantizeLinear: {
    inputs: [2, 3],
    attributes: { axis: 'int' },
    infer(node) {
      const [x, scale, zero] = [node.input(0), node.input(1), node.optional(2)]
      expect(x.type === 'uint8' || x.type === 'int8' || x.type === 'int32', 'its input is not quantised')
      expect(x.type !== 'int32' || zero === undefined, '32 bits have no zero point')
      expect(!zero || (zero.type === x.type && zero.shape.join() === scale.shape.join()), 'the zero point does not fit')
      expect(
        scale.shape.length === 0 || scale.shape.join() === `${x.shape[node.int('axis')]}`,
        'there is neither one scale nor one for every place of the axis',
      )
      return { type: 'float', shape: x.shape }
    },
  },
} as const satisfies Readonly<Record<string, Rule>>

/** The operators that a model may be made of. */
export type OpType = keyof typeof rules

export const ruleOf = (opType: OpType): Rule => rules[opType]

/** The types that a Cast may give, by their numbers. */
const castable = new Map<number, ElementType>([
  [1, 'float'],
  [6, 'int32'],
  [10, 'float16'],
  [16, 'bfloat16'],
])

function expect(holds: boolean, breach: string): void {
  if (!holds) throw new Breach(breach)
}

function expectSame(a: TensorType, b: TensorType): void {
  expect(a.type === b.type && a.shape.join() === b.shape.join(), `${describeType(a)} stands beside ${describeType(b)}`)
}

/** 'float [batch, 3, 299, 299]' */
export const describeType = ({ type, shape }: TensorType): string => `${type} [${shape.join(', ')}]`

function floats(x: TensorType): TensorType {
  expect(x.type === 'float' || x.type === 'float16' || x.type === 'bfloat16', `${x.type} is no floating-point type`)
  return x
}

function map(node: Subject, place: number): TensorType {
  const x = floats(node.input(place))
  expect(x.shape.length === 4, `${describeType(x)} is no feature map`)
  return x
}

function whole(length: Dimension): number {
  expect(typeof length === 'number', `the length '${length}' must be known`)
  return Number(length)
}

/** NumPy's broadcasting, of a tensor and one whose axes are all among its last. */
function broadcast(node: Subject): TensorType {
  const [a, b] = [floats(node.input(0)), floats(node.input(1))]
  const [large, small] = a.shape.length >= b.shape.length ? [a, b] : [b, a]
  const last = large.shape.slice(large.shape.length - small.shape.length)
  expect(a.type === b.type, 'the two are of different types')
  expect(
    small.shape.every((length, i) => length === 1 || length === last[i]),
    `${describeType(small)} does not broadcast to ${describeType(large)}`,
  )
  return large
}

function pooled(node: Subject): TensorType {
  const x = map(node, 0)
  return { type: x.type, shape: [x.shape[0]!, x.shape[1]!, ...windows(node, x)] }
}

/** Height and width that a window leaves, rounded down. */
function windows(node: Subject, { shape }: TensorType): number[] {
  const [kernel, strides, pads] = [node.ints('kernel_shape'), node.ints('strides'), node.ints('pads')]
  expect(kernel.length === 2 && strides.length === 2 && pads.length === 4, 'the window is not one of two axes')
  return [0, 1].map(axis => {
    const [before, after] = [pads[axis]!, pads[axis + 2]!]
    const length = whole(shape[axis + 2]!)
    expect(before >= 0 && after >= 0 && before < kernel[axis]! && after < kernel[axis]!, 'a window of padding only')
    const places = Math.floor((length + before + after - kernel[axis]!) / strides[axis]!) + 1
    expect(places >= 1, `a window of ${kernel[axis]} on ${length} places`)
    return places
  })
}
