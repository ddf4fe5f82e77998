import assert from 'node:assert/strict'
import type { Backend, Precision, Store } from '../../src/backends/backend.js'
import { fnv1a } from '../../src/base/random.js'
import { formatShape, sizeOf } from '../../src/base/shape.js'
import { gradients } from '../../src/graph/gradients.js'
import type { Graph, Numbers, Value } from '../../src/graph/op.js'
import { cast } from '../../src/graph/ops/cast.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { input, variableOf } from '../../src/graph/ops/source.js'
import { optimise, optimiseForward, optimiseInference } from '../../src/graph/passes/passes.js'
import { type Recomputation, recompute } from '../../src/graph/passes/recompute.js'
import { removeDead } from '../../src/graph/passes/removeDead.js'
import { feedImages } from '../../src/networks/feed.js'
import { buildModel } from '../../src/nn/model.js'
import type { Network } from '../../src/nn/network.js'
import type { Layers } from '../../src/weights/names.js'
import type { GradientOracle, Oracle, Stage } from './oracle.js'
import { checksum, synthesise, synthesiseImage, uniform } from './synthetic.js'

/** A network, what an independent program computed for it, and the table between their names. */
export interface Golden {
  readonly network: Network
  readonly oracle: Oracle
  /** From our variables to the file's keys: every one on both sides, once. */
  readonly names: ReadonlyMap<string, string>
  /** From our endpoints to the file's stages. */
  readonly stages: Layers
}

/** Bounds on ‖got − wanted‖ / ‖wanted‖ of an image's logits. */
const logitsTolerance: Record<Precision, number> = { f32: 1e-4, bf16: 3e-2 }

/** By what share of a stage's deviation its statistics and elements may be off in f32. */
const stageTolerance = 1e-3

export interface LogitsOptions {
  /** @default 'f32' */
  readonly precision?: Precision
  /** How many of the file's images, all in one batch. @default all */
  readonly images?: number
  /** Fills the store with the network's variables. @default the formula's numbers */
  readonly fill?: (store: Store) => void
  /** Whether the network's norms have scales. @default true */
  readonly normScale?: boolean
  /** Look at every stage as well, which keeps passes from merging anything. f32 only. @default false */
  readonly stages?: boolean
}

/** Runs a network in evaluation mode at the file's size and compares its logits (and stages) with the file. */
export function checkLogits(backend: Backend, golden: Golden, options: LogitsOptions = {}): void {
  const { network, oracle } = golden
  const { precision = 'f32', images = oracle.input.n, normScale = true, stages = false } = options
  const model = buildModel(network, { mode: 'eval', batch: images, size: oracle.input.height, precision, normScale })
  const looked = stages
    ? Object.entries(golden.stages).map(([ours, theirs]) => ({ ours, theirs, value: model.endpoints.get(ours)! }))
    : []
  const logits = stages ? model.logits : optimiseInference(model.graph, model.logits, backend.passes)
  const outputs = [...new Set([logits, ...looked.map(({ value }) => value)])]
  removeDead(model.graph, outputs)
  using store = options.fill ? declareStore(backend, model.graph) : synthesiseStore(backend, model.graph, golden, 0)
  options.fill?.(store)
  using program = backend.compile(model.graph, { outputs, store })
  program.input('images').set(pixels(network, oracle.input, images))
  program.run()
  for (const { ours, theirs, value } of looked) {
    const stage = oracle.stages.find(({ name }) => name === theirs)!
    checkStage(`${network.id} ${ours} (${theirs})`, program.read(value), value, stage)
  }
  checkRows(network.id, program.read(logits), oracle.eval_logits.slice(0, images), logitsTolerance[precision])
}

/** Every row within the tolerance, with the file's first class on top. */
function checkRows(what: string, got: Float32Array, rows: readonly (readonly number[])[], tolerance: number) {
  assert.equal(got.length, rows.length * rows[0]!.length, `${what}: number of logits`)
  for (const [i, wanted] of rows.entries()) {
    const row = got.subarray(i * wanted.length, (i + 1) * wanted.length)
    const error = distance(row, wanted)
    assert.ok(
      error <= tolerance,
      `${what}: logits of image ${i} are off by ${error.toExponential(2)}, at most ${tolerance}`,
    )
    assert.equal(largest(row), largest(wanted), `${what}: first class of image ${i}`)
  }
}

/** A batch of fewer images than the file's can only be compared element by element. */
function checkStage(what: string, got: Float32Array, { shape }: Value, stage: Stage) {
  assert.equal(got.length, sizeOf(shape))
  const wanted = [shape[0]!, ...stage.shape.slice(1)]
  assert.equal(sizeOf(shape), sizeOf(wanted), `${what}: ${formatShape(shape)}, not ${formatShape(wanted)}`)
  const near = (name: string, value: number, goal: number) => {
    const bound = stageTolerance * (stage.std + Math.abs(goal))
    assert.ok(
      Math.abs(value - goal) <= bound,
      `${what}: ${name} ${value}, not ${goal} (within ${bound.toExponential(1)})`,
    )
  }
  for (const [index, value] of stage.samples) if (index < got.length) near(`element ${index}`, got[index]!, value)
  if (shape[0] !== stage.shape[0]) return
  const { mean, deviation, peak } = statisticsOf(got)
  near('mean', mean, stage.mean)
  near('deviation', deviation, stage.std)
  near('largest magnitude', peak, stage.absmax)
}

/** Plain loops, since a network's stages have a hundred million numbers. */
function statisticsOf(numbers: Float32Array) {
  let [sum, squares, peak] = [0, 0, 0]
  for (let i = 0; i < numbers.length; i++) {
    sum += numbers[i]!
    peak = Math.max(peak, Math.abs(numbers[i]!))
  }
  const mean = sum / numbers.length
  for (let i = 0; i < numbers.length; i++) squares += (numbers[i]! - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / numbers.length), peak }
}

/**
 * Runs one step of training forward and backward (batch statistics, no dropout, no update) and compares loss, logits,
 * every parameter's gradient and the batch's statistics with the file. f32.
 */
export function checkGradients(
  backend: Backend,
  golden: Golden,
  wanted: GradientOracle,
  { recompute: again = 'none' }: { readonly recompute?: Recomputation } = {},
): void {
  const { network, names } = golden
  const { n, height } = wanted.input
  const model = buildModel(network, { mode: 'train', batch: n, size: height, keep: 1 })
  const { graph } = model
  const absorbed = optimiseForward(graph, [], backend.passes)
  const forward = graph.nodes.length
  const parameters = model.parameters.map(absorbed)
  const labels = input(graph, { name: 'labels', dtype: 's32', shape: [n], feed: 'plain' })
  const { loss } = softmaxCrossEntropy.emit(
    { logits: cast(absorbed(model.logits), 'f32'), labels },
    { smoothing: wanted.label_smoothing },
  )
  const gradientsOf = gradients([{ of: loss, weight: 1 }], parameters)
  const batches = model.statistics.map(({ batch }) => absorbed(batch))
  const thrifty = recompute(graph, forward, again)
  const wantedOf = [loss, absorbed(model.logits), ...gradientsOf, ...batches].map(thrifty)
  const fused = optimise(graph, wantedOf, backend.passes)
  const outputs = wantedOf.map(fused)
  const finished = (value: Value) => fused(thrifty(value))
  const [finalLoss, logits] = outputs as [Value, Value]
  const diff = gradientsOf.map(finished)
  const statistics = model.statistics.map(({ running, batch }) => ({
    running: finished(absorbed(running)),
    batch: finished(absorbed(batch)),
  }))
  using store = synthesiseStore(backend, graph, golden, wanted.bn_bias_offset)
  using program = backend.compile(graph, { outputs, store })
  program.input('images').set(pixels(network, wanted.input, n))
  program.input('labels').set(wanted.labels)
  program.run()

  const tolerance = wanted.recommended_tol
  checkRows(`${network.id} in training`, program.read(logits), wanted.train_logits, tolerance.train_logits)
  const lossError = Math.abs(program.read(finalLoss)[0]! - wanted.loss) / wanted.loss
  assert.ok(lossError <= tolerance.loss, `loss ${program.read(finalLoss)[0]}, not ${wanted.loss}`)
  const byKey = new Map(wanted.params.map(row => [row[0], row]))
  const errors = parameters.map((parameter, i) => {
    const key = names.get(variableOf(parameter)!.name)!
    const [, , norm, projection, samples] = byKey.get(key)!
    return {
      key,
      error: gradientError(key, program.read(diff[i]!), norm, projection, samples, 1e-6 * wanted.global_grad_l2),
    }
  })
  assert.equal(errors.length, wanted.params.length)
  errors.sort((a, b) => a.error - b.error)
  for (const [name, share] of [
    ['median', 0.5],
    ['p90', 0.9],
    ['max', 1],
  ] as const) {
    const { key, error } = errors[Math.min(errors.length - 1, Math.floor(share * errors.length))]!
    assert.ok(
      error <= tolerance[name],
      `${name} of the gradient errors is ${error.toExponential(2)} (${key}), at most ${tolerance[name]}`,
    )
  }
  const after = new Map(wanted.buffers_after.map(row => [row[0], row]))
  for (const { running, batch } of statistics) {
    const key = names.get(variableOf(running)!.name)!
    const [, , norm, projection] = after.get(key)!
    const first = synthesise(key, running.shape, batch.port === 'mean' ? 'bn_mean' : 'bn_var', golden.oracle.g, 0)
    const moving = torchAverage(first, program.read(batch), batch)
    const error = gradientError(key, moving, norm, projection, [], 0)
    assert.ok(error <= 1e-4, `statistics of the batch: ${key} is off by ${error.toExponential(2)}`)
  }
}

/** PyTorch's update with momentum 0.1, which counts the variance unbiased: what the file holds. */
function torchAverage(running: Numbers, batch: Numbers, { node, port }: Value): Float64Array {
  const { shape } = node.inputs.src as Value
  const count = sizeOf(shape) / shape[1]!
  const unbiased = port === 'variance' ? count / (count - 1) : 1
  return Float64Array.from(running, (old, i) => 0.9 * old + 0.1 * batch[i]! * unbiased)
}

/** The largest of the errors of the norm, of a projection that weighs every element, and of a few elements. */
function gradientError(
  key: string,
  got: Numbers,
  norm: number,
  projection: number,
  samples: readonly (readonly [index: number, value: number])[],
  floor: number,
): number {
  const seed = fnv1a(`${key}#dot`)
  let [square, dot] = [0, 0]
  for (let i = 0; i < got.length; i++) {
    square += got[i]! ** 2
    dot += got[i]! * (2 * uniform(seed, i) - 1)
  }
  const size = Math.max(norm, floor)
  const errors = samples.map(([index, value]) => Math.abs(got[index]! - value) / (10 * (size / Math.sqrt(got.length))))
  return Math.max(
    Math.abs(Math.sqrt(square) - norm) / size,
    Math.abs(dot - projection) / (size / Math.sqrt(3)),
    ...errors,
  )
}

const variablesOf = (graph: Graph) =>
  graph.nodes.flatMap(({ outputs }) => Object.values(outputs).map(variableOf)).filter(found => found !== undefined)

/** A store with room for every variable of the graph. */
function declareStore(backend: Backend, graph: Graph): Store {
  const store = backend.createStore()
  for (const variable of variablesOf(graph)) store.declare({ ...variable, initial: { kind: 'constant', value: 0 } }, 0)
  return store
}

/** A store that holds the formula's numbers for every variable of the graph. */
function synthesiseStore(backend: Backend, graph: Graph, { names, oracle }: Golden, shiftOffset: number): Store {
  const store = declareStore(backend, graph)
  const kinds = new Map(oracle.keys.map(([key, , kind]) => [key, kind]))
  for (const { name, shape } of variablesOf(graph)) {
    const key = names.get(name)
    const kind = key && kinds.get(key)
    assert.ok(key && kind, `the golden file has nothing for ${name}`)
    synthesise(key, shape, kind, oracle.g, shiftOffset, store.data(name))
  }
  return store
}

/** The first images of a file as the network's input, channels last. */
function pixels(network: Network, { n, height, width, fnv1a_of_bytes }: Oracle['input'], images: number): Float32Array {
  const size = height * width * 3
  const bytes = new Uint8Array(n * size)
  for (let i = 0; i < n; i++) bytes.set(synthesiseImage(i, height, width), i * size)
  assert.equal(checksum(bytes), fnv1a_of_bytes, 'the images are not those of the file')
  const scaled = new Float32Array(images * size)
  for (let i = 0; i < scaled.length; i++) scaled[i] = bytes[i]! / 127.5 - 1
  const input = new Float32Array(scaled.length)
  feedImages(scaled, network.preprocessing, input)
  return input
}

function distance(got: Numbers, wanted: ArrayLike<number>): number {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < wanted.length; i++) {
    difference += (got[i]! - wanted[i]!) ** 2
    norm += wanted[i]! ** 2
  }
  return Math.sqrt(difference / norm)
}

function largest(row: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i
  return best
}
