import { type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor, tensorOf } from '../../formats/onnx/model.js'
import type { OpType } from '../../formats/onnx/rules.js'
import type { TensorType } from '../../formats/onnx/types.js'
import type { Range } from './histogram.js'
import { readFloats } from './initializer.js'

/** Steps between the 256 values of an activation. */
export const activationLevels = 255
/** Weights go from −127 to 127. */
const weightLimit = 127

/**
 * How an operator is computed in 8 bits. `weighted`: input 0 is 8 bits, weights have a scale for each filter, the bias is
 * 32 bits. `map`: all inputs and the output are 8 bits. `same`: its output has the steps of its input. `clips`: the range
 * of its output does its work. `float`: it is not.
 */
const ways = {
  Conv: 'weighted',
  Gemm: 'weighted',
  Add: 'map',
  Concat: 'map',
  AveragePool: 'map',
  GlobalAveragePool: 'map',
  MaxPool: 'same',
  Flatten: 'same',
  Gather: 'same',
  Slice: 'same',
  Relu: 'clips',
  BatchNormalization: 'float',
  Sub: 'float',
  Mul: 'float',
  Div: 'float',
  Max: 'float',
  Sqrt: 'float',
  ReduceMean: 'float',
  Sum: 'float',
  Cast: 'float',
  QuantizeLinear: 'float',
  DequantizeLinear: 'float',
} as const satisfies Readonly<Record<OpType, string>>

/** What is told of a model before it is quantised. */
export interface Quantisable {
  /** The values to be held in 8 bits whose ranges must be measured. */
  readonly measured: readonly string[]
  /** The value whose steps each other value of 8 bits takes over. */
  readonly like: ReadonlyMap<string, string>
}

/** Which values of a model are held in 8 bits. Nodes of `inFloat` are computed as they are. */
export function quantisable({ graph }: OnnxModel, inFloat: ReadonlySet<string>): Quantisable {
  const constants = new Set(graph.initializers.map(({ name }) => name))
  const results = new Set(graph.outputs.map(({ name }) => name))
  const wanted = new Set<string>()
  const wayOf = (node: OnnxNode) => (inFloat.has(node.name) ? 'float' : ways[node.opType])
  const clipped = new Set(graph.nodes.filter(node => wayOf(node) === 'clips').map(({ inputs }) => inputs[0]!))
  for (const node of graph.nodes) {
    const way = wayOf(node)
    if (way === 'float' || way === 'clips') continue
    const reads = way === 'map' ? node.inputs : [node.inputs[0]!]
    for (const name of reads) wanted.add(name)
    if (way !== 'weighted') wanted.add(node.output)
  }
  const held = new Set([...wanted].filter(name => !constants.has(name) && !results.has(name) && !clipped.has(name)))
  const like = new Map<string, string>()
  for (const node of graph.nodes) {
    const source = like.get(node.inputs[0]!) ?? node.inputs[0]!
    if (wayOf(node) === 'same' && held.has(node.output) && held.has(source)) like.set(node.output, source)
  }
  return { measured: [...held].filter(name => !like.has(name)), like }
}

/**
 * The model in 8 bits, as ONNX Runtime wants it: every value that is held in 8 bits is quantised and dequantised where it
 * is made, and operators between such pairs are computed in integers. Activations are unsigned with a scale each, weights
 * signed with a scale for each filter. That is its fastest form; x86 processors without VNNI add two such products in 16
 * bits, which may saturate (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
 */
export function quantised(
  model: OnnxModel,
  { measured, like }: Quantisable,
  ranges: ReadonlyMap<string, Range>,
  inFloat: ReadonlySet<string>,
): OnnxModel {
  const { graph } = model
  const tensors = new Map(graph.initializers.map(tensor => [tensor.name, tensor]))
  const made = new Assembly(graph.values)
  const scales = new Map<string, number>()
  const hold = (name: string) => {
    const source = like.get(name)
    if (source === undefined && !measured.includes(name)) return
    scales.set(name, made.pair(name, source ?? name, ranges))
  }
  for (const { name } of graph.inputs) hold(name)
  for (const node of graph.nodes) {
    const scale = scales.get(node.inputs[0]!)
    const inputs = node.inputs.map(name => (scales.has(name) ? dequantisedName(name) : name))
    const [, weights, bias] = node.inputs
    if (ways[node.opType] === 'weighted' && !inFloat.has(node.name) && scale !== undefined) {
      const [w, b] = [tensors.get(weights!)!, bias === undefined ? undefined : tensors.get(bias)!]
      inputs.splice(1, 2, ...made.weights(w, b, scale))
    } else for (const name of node.inputs) if (tensors.has(name)) made.keep(tensors.get(name)!)
    made.nodes.push({ ...node, inputs })
    hold(node.output)
  }
  return { ...model, graph: { ...graph, ...made, values: made.values } }
}

const dequantisedName = (name: string) => `${name}/dequantized`

/** A graph while it is put together. */
class Assembly implements Pick<OnnxGraph, 'nodes' | 'initializers' | 'values'> {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly values: ReadonlyMap<string, TensorType>
  readonly #kept = new Set<string>()

  constructor(values: ReadonlyMap<string, TensorType>) {
    this.values = values
  }

  keep(tensor: OnnxTensor): void {
    if (this.#kept.has(tensor.name)) return
    this.#kept.add(tensor.name)
    this.initializers.push(tensor)
  }

  /** Quantises and dequantises `name`, in the steps of `source`. Returns its scale. */
  pair(name: string, source: string, ranges: ReadonlyMap<string, Range>): number {
    const { low, high } = ranges.get(source)!
    const scale = scaleOf((high - low) / activationLevels)
    const zero = Math.min(255, Math.max(0, Math.round(-low / scale)))
    this.keep(tensorOf(`${name}/scale`, 'float', [], [scale]))
    this.keep({ name: `${name}/zero_point`, type: 'uint8', shape: [], bytes: () => Uint8Array.of(zero) })
    const steps = [`${name}/scale`, `${name}/zero_point`]
    this.#add('QuantizeLinear', [name, ...steps], `${name}/quantized`)
    this.#add('DequantizeLinear', [`${name}/quantized`, ...steps], dequantisedName(name))
    return scale
  }

  /** Weights and bias in integers, dequantised; the names of both. */
  weights(weights: OnnxTensor, bias: OnnxTensor | undefined, inputScale: number): string[] {
    const filters = weights.shape[0]!
    let known: Float32Array | undefined
    const scales = () => (known ??= filterScales(readFloats(weights), filters, bias && readFloats(bias), inputScale))
    const floats = (name: string, numbers: () => Float32Array): string => {
      this.keep({ name, type: 'float', shape: [filters], bytes: () => new Uint8Array(numbers().buffer) })
      return name
    }
    const dequantise = (name: string, scale: string) => {
      this.#add('DequantizeLinear', [name, scale], `${name}/dequantized`, { axis: { int: 0 } })
      return `${name}/dequantized`
    }
    this.keep({ ...weights, type: 'int8', bytes: () => quantisedWeights(readFloats(weights), scales()) })
    const steps = floats(`${weights.name}/scale`, scales)
    const names = [dequantise(weights.name, steps)]
    if (!bias) return names
    const biasScales = () => scales().map(scale => Math.fround(scale * inputScale))
    this.keep({ ...bias, type: 'int32', bytes: () => quantisedBias(readFloats(bias), biasScales()) })
    return [...names, dequantise(bias.name, floats(`${bias.name}/scale`, biasScales))]
  }

  #add(opType: OpType, inputs: readonly string[], output: string, attributes: OnnxNode['attributes'] = {}): void {
    this.nodes.push({ name: output, opType, inputs, output, attributes })
  }
}

/** A step as a 32-bit number: what is nothing but zeros, or smaller than any such number, still needs one. */
const scaleOf = (step: number): number => Math.fround(step) || 1

/** A scale for each filter: its largest weight is 127 of them, and its bias in the product's steps fits 32 bits. */
function filterScales(
  weights: Float32Array,
  filters: number,
  bias: Float32Array | undefined,
  inputScale: number,
): Float32Array {
  const length = weights.length / filters
  return Float32Array.from({ length: filters }, (_, f) => {
    let largest = 0
    for (let i = f * length; i < (f + 1) * length; i++) largest = Math.max(largest, Math.abs(weights[i]!))
    return scaleOf(Math.max(largest / weightLimit, Math.abs(bias?.[f] ?? 0) / (inputScale * 2 ** 30)))
  })
}

function quantisedWeights(weights: Float32Array, scales: Float32Array): Uint8Array {
  const length = weights.length / scales.length
  const clip = (steps: number) => Math.max(-weightLimit, Math.min(weightLimit, Math.round(steps)))
  return new Uint8Array(Int8Array.from(weights, (w, i) => clip(w / scales[Math.floor(i / length)]!)).buffer)
}

const quantisedBias = (bias: Float32Array, scales: Float32Array): Uint8Array =>
  new Uint8Array(Int32Array.from(bias, (b, i) => Math.round(b / scales[i]!)).buffer)
