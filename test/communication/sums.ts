// One replica: gradients of a small network are summed over all in every way there is, and compared with what the sums
// should be, made of all replicas' own gradients. Replica 0 prints one line of JSON.
import { createHash } from 'node:crypto'
import { createOnednn, sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { Stopwatch } from '../../src/backends/onednn/stopwatch.js'
import { TimeSource } from '../../src/backends/onednn/tuner.js'
import { TuningCache } from '../../src/backends/onednn/tuning-cache.js'
import { createReference } from '../../src/backends/reference/reference.js'
import { fromBf16, toBf16 } from '../../src/base/dtype.js'
import { RandomStream } from '../../src/base/random.js'
import { type ReducePrecision, reducePrecisions } from '../../src/communication/communicator.js'
import { openCommunicator } from '../../src/communication/open.js'
import { gradients } from '../../src/graph/gradients.js'
import { Graph, type Value } from '../../src/graph/op.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { dense2d } from '../../src/graph/ops/dense.js'
import { globalAvgPool2d } from '../../src/graph/ops/globalAvgPool.js'
import { relu } from '../../src/graph/ops/relu.js'
import { constant, input, variable } from '../../src/graph/ops/source.js'
import { allPasses } from '../../src/graph/passes/pass-names.js'
import { optimise } from '../../src/graph/passes/passes.js'
import { reduceTogether } from '../../src/graph/reduceTogether.js'
import { one, window } from '../graph/windows.js'

using communicator = openCommunicator({ timeoutSeconds: 60 })
if (!communicator) throw new Error('start this by mpirun')
const { rank, size } = communicator

/** Gradients of three layers' weights and biases: a large one, odd ones, and some of a few numbers. */
function network(graph: Graph): Value[] {
  const weight = (name: string, shape: number[]) =>
    variable(graph, {
      name,
      role: 'parameter',
      shape,
      initial: { kind: 'truncatedNormal', deviation: 0.1 },
      decays: true,
    })
  const images = input(graph, { name: 'images', dtype: 'f32', shape: [2, 3, 9, 9], feed: 'nhwc' })
  const parameters = [weight('a', [19, 3, 3, 3]), weight('b', [19]), weight('c', [64, 19, 3, 3]), weight('d', [64])]
  const [a, b, c, d] = parameters as [Value, Value, Value, Value]
  const filter = { ...window([3, 3], 1, one), groups: 1 }
  const map = relu(conv2d(relu(conv2d(images, a, b, filter)), c, d, filter))
  const [e, f] = [weight('e', [5, 64]), weight('f', [5])]
  const y = dense2d(globalAvgPool2d(map), e, f)
  return gradients([{ of: y, weight: constant(graph, y.shape, 1 / size) }], [...parameters, e, f])
}

const shared = sharedOnednn()
if ('reason' in shared) throw new Error(shared.reason)
const times = new TimeSource(new Stopwatch(shared.api), new TuningCache('sums'))
const backends = [createOnednn(shared, allPasses, times, undefined), createReference()]

const pixels = () => new RandomStream(3, 'pixels', rank)
const run = (backend: (typeof backends)[number], made: (values: Value[]) => Value[]) => {
  const graph = new Graph()
  const made1 = made(network(graph))
  const outputs = made1.map(optimise(graph, made1, allPasses))
  using store = backend.createStore()
  using program = backend.compile(graph, { outputs, store, seed: 5, communicator })
  const stream = pixels()
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = stream.normal()
  program.run()
  const first = outputs.map(value => program.read(value))
  program.run()
  program.profile()
  const again = outputs.map(value => program.read(value))
  if (hashOf(first) !== hashOf(again)) throw new Error('the same program gave other bits')
  return first
}

const hashOf = (tensors: readonly Float32Array[]): string => {
  const hash = createHash('sha256')
  for (const tensor of tensors) hash.update(tensor)
  return hash.digest('hex')
}

/** Σ over replicas of every number, in f32 and in the order of ranks, of what is sent. */
function expected(own: readonly Float32Array[], precision: ReducePrecision): Float64Array[] {
  const round = precision === 'bf16' ? (x: number) => fromBf16(toBf16(x)) : (x: number) => x
  return own.map(tensor => {
    const all = communicator!
      .allGather(new Uint8Array(tensor.slice().buffer))
      .map(bytes => new Float32Array(bytes.slice().buffer))
    return Float64Array.from(tensor, (_, i) => round(all.reduce((sum, each) => Math.fround(sum + round(each[i]!)), 0)))
  })
}

const distance = (got: Float32Array, wanted: Float64Array): number => {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < wanted.length; i++) {
    difference += (got[i]! - wanted[i]!) ** 2
    norm += wanted[i]! ** 2
  }
  return Math.sqrt(difference / norm)
}

const results: { backend: string; precision: string; bucketBytes: number; error: number; hashes: string[] }[] = []
for (const backend of backends) {
  const own = run(backend, values => values)
  for (const precision of reducePrecisions)
    for (const bucketBytes of [2 ** 24, 4096]) {
      const got = run(backend, values => reduceTogether(values, { replicas: size, precision, bucketBytes }))
      const wanted = expected(own, precision)
      const hashes = communicator.allGather(Buffer.from(hashOf(got))).map(hash => Buffer.from(hash).toString())
      const error = Math.max(...got.map((tensor, i) => distance(tensor, wanted[i]!)))
      results.push({ backend: backend.title, precision, bucketBytes, error, hashes })
    }
}
if (rank === 0) console.log(JSON.stringify({ title: communicator.title, traffic: communicator.traffic, results }))
