// TensorFlow.js with its WebAssembly backend as a peer: inference in f32, SIMD, one thread (the backend switches its
// threads off in Node). Batch norms and ReLUs go into the convolutions, as TensorFlow.js's own converter does.
//     node dist/bench/peers/tfjs.js infer --model DIR --batch 8
import type { Tensor2D, Tensor4D, Tensor as TfTensor } from '@tensorflow/tfjs-core'
import type { AvgPool } from '../../src/graph/ops/avgPool.js'
import type { BatchNorm } from '../../src/graph/ops/batchNorm.js'
import type { Convolution } from '../../src/graph/ops/convolution.js'
import type { Window } from '../../src/graph/ops/window.js'
import { type DescribedNode, type Description, readWeights, type Tensor } from './description.js'
import { Unavailable } from './peer.js'
import { load, runProgram } from './program.js'

type Tf = typeof import('@tensorflow/tfjs-core')
type Inputs = Readonly<Record<string, readonly TfTensor[]>>

/** What runs of a node, or of a convolution together with the norm and ReLU after it. Maps are [N,H,W,C]. */
interface Layer {
  readonly inputs: DescribedNode['inputs']
  readonly output: string
  run(inputs: Inputs): TfTensor
}

function trained({ nodes }: Description, weights: ReadonlyMap<string, Tensor>): number {
  const statistics = new Set(['mean', 'variance'])
  const names = nodes.flatMap(({ variables }) => Object.entries(variables).filter(([port]) => !statistics.has(port)))
  return names.reduce((sum, [, name]) => sum + weights.get(name)!.data.length, 0)
}

/** Runs the layers in order; a map is freed after its last reader. */
async function forward(layers: readonly Layer[], { input, output }: Description, images: TfTensor) {
  const last = new Map(layers.flatMap((layer, i) => valuesOf(layer).map(value => [value, i])))
  const values = new Map([[input, images]])
  for (const [i, layer] of layers.entries()) {
    values.set(layer.output, layer.run(mapPorts(layer.inputs, name => values.get(name)!)))
    for (const name of new Set(valuesOf(layer))) if (last.get(name) === i && name !== input) values.get(name)!.dispose()
  }
  const logits = values.get(output)!
  const data = await logits.data<'float32'>()
  logits.dispose()
  return data
}

const valuesOf = ({ inputs }: Layer) => Object.values(inputs).flat()

const mapPorts = (inputs: DescribedNode['inputs'], tensor: (name: string) => TfTensor): Inputs =>
  Object.fromEntries(Object.entries(inputs).map(([port, names]) => [port, names.map(tensor)]))

function compile(tf: Tf, { nodes }: Description, weights: ReadonlyMap<string, Tensor>): Layer[] {
  const readers = new Map<string, DescribedNode[]>()
  for (const node of nodes)
    for (const name of Object.values(node.inputs).flat()) readers.set(name, [...(readers.get(name) ?? []), node])
  /** The only reader of a node's result, if it is such an op. */
  const next = ({ output }: DescribedNode, op: string) =>
    readers.get(output)?.length === 1 ? readers.get(output)!.find(node => node.op === op) : undefined
  const merged = new Set<DescribedNode>()
  return nodes.flatMap(node => {
    if (merged.has(node)) return []
    const variables = (node: DescribedNode) => (port: string) => weights.get(node.variables[port] ?? '')
    if (node.op !== 'convolution')
      return [{ inputs: dataPorts(node), output: node.output, run: layerOf(tf, node, variables(node)) }]
    const norm = next(node, 'batchNorm')
    const relu = next(norm ?? node, 'relu')
    for (const part of [norm, relu]) if (part) merged.add(part)
    const folded = fold(variables(node), norm && { attrs: norm.attrs as unknown as BatchNorm, tensor: variables(norm) })
    const run = convolution(tf, node.attrs as unknown as Convolution, folded, relu !== undefined)
    return [{ inputs: node.inputs, output: (relu ?? norm ?? node).output, run }]
  })
}

/** Dropout's step number is none of a peer's business. */
const dataPorts = ({ inputs: { step, ...ports } }: DescribedNode): DescribedNode['inputs'] => ports

type Variables = (port: string) => Tensor | undefined

/** A convolution's weights and bias with the norm after it multiplied in. */
function fold(
  conv: Variables,
  norm?: { attrs: BatchNorm; tensor: Variables },
): { weights: Tensor; bias: Float32Array } {
  const weights = conv('weights')!
  const filters = weights.shape[0]!
  const bias = conv('bias')?.data ?? new Float32Array(filters)
  if (!norm) return { weights, bias }
  const [scale, shift, mean, variance] = ['scale', 'shift', 'mean', 'variance'].map(port => norm.tensor(port)?.data)
  const factor = bias.map((_, c) => (scale?.[c] ?? 1) / Math.sqrt(variance![c]! + norm.attrs.epsilon))
  const each = weights.data.length / filters
  return {
    weights: { shape: weights.shape, data: weights.data.map((w, i) => w * factor[Math.floor(i / each)]!) },
    bias: bias.map((b, c) => (b - mean![c]!) * factor[c]! + shift![c]!),
  }
}

function convolution(
  tf: Tf,
  attrs: Convolution,
  { weights, bias }: { weights: Tensor; bias: Float32Array },
  relu: boolean,
): Layer['run'] {
  if (attrs.groups !== 1) throw new Unavailable('tfjs.ts has no convolution in groups')
  const filter = tf.tidy(() => tf.transpose(tf.tensor4d(weights.data, weights.shape as Shape4D), [2, 3, 1, 0]))
  const offset = tf.tensor1d(bias)
  const activation = relu ? 'relu' : 'linear'
  return ({ src }) =>
    tf.fused.conv2d({
      ...{ x: src![0] as Tensor4D, filter, bias: offset, activation },
      ...{ strides: [...attrs.strides], pad: padding(attrs) },
    })
}

type Shape4D = [number, number, number, number]
type Pair = [number, number]
type Padding = [Pair, Pair, Pair, Pair]

const padding = ({ padding: [rows, columns] }: Window): Padding => [[0, 0], [...rows], [...columns], [0, 0]]

function layerOf(tf: Tf, { op, attrs }: DescribedNode, variable: Variables): Layer['run'] {
  switch (op) {
    case 'relu':
      return ({ src }) => tf.relu(src![0]!)
    case 'concat':
      return ({ src }) => tf.concat([...src!], 3)
    case 'residualAdd':
      return ({ src, residual }) => tf.tidy(() => tf.add(src![0]!, tf.mul(residual![0]!, attrs.scale as number)))
    case 'maxPool': {
      const window = attrs as unknown as Window
      return ({ src }) => tf.maxPool(src![0] as Tensor4D, [...window.kernel], [...window.strides], padding(window))
    }
    case 'avgPool': {
      const window = attrs as unknown as AvgPool
      if (window.includePadding) throw new Unavailable('TensorFlow.js leaves padding out of an average')
      return ({ src }) => tf.avgPool(src![0] as Tensor4D, [...window.kernel], [...window.strides], padding(window))
    }
    case 'globalAvgPool':
      return ({ src }) => tf.mean(src![0]!, [1, 2])
    case 'dropout':
      return ({ src }) => tf.clone(src![0]!)
    case 'dense': {
      const { data, shape } = variable('weights')!
      // Transposed here: the backend's fused product ignores `transposeB`.
      const b = tf.tidy(() => tf.transpose<Tensor2D>(tf.tensor2d(data, shape as Pair)))
      const bias = tf.tensor1d(variable('bias')!.data)
      return ({ src }) => tf.fused.matMul({ a: src![0] as Tensor2D, b, bias })
    }
    default:
      throw new Unavailable(`the op ${op} has no counterpart in tfjs.ts`)
  }
}

await runProgram(async ({ folder, description }) => {
  const tf = await load('@tensorflow/tfjs-core', () => import('@tensorflow/tfjs-core'))
  const wasm = await load('@tensorflow/tfjs-backend-wasm', () => import('@tensorflow/tfjs-backend-wasm'))
  await tf.setBackend('wasm')
  const weights = readWeights(folder)
  const layers = compile(tf, description, weights)
  const threads = (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) ? wasm.getThreadsCount() : 1
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? 'SIMD' : 'no SIMD'
  return {
    parameters: trained(description, weights),
    versions: { 'TensorFlow.js': `${tf.version_core}, wasm, ${simd}, threads: ${threads}` },
    feed(images) {
      const [n, , height, width] = images.shape as [number, number, number, number]
      const fed = tf.tidy(() => tf.transpose(tf.tensor4d(images.data, [n, 3, height, width]), [0, 2, 3, 1]))
      return () => forward(layers, description, fed)
    },
  }
})
