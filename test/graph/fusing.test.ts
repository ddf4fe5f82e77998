import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { gradients } from '../../src/graph/gradients.js'
import type { Graph, Value } from '../../src/graph/op.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { input, variableOf } from '../../src/graph/ops/source.js'
import { movingAverage } from '../../src/graph/ops/updates.js'
import type { PassName } from '../../src/graph/passes/pass-names.js'
import { optimise, optimiseForward, optimiseInference } from '../../src/graph/passes/passes.js'
import { type Recomputation, recompute } from '../../src/graph/passes/recompute.js'
import { removeDead } from '../../src/graph/passes/removeDead.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import { small } from './small-network.js'

const count = (graph: Graph, name: string) => graph.nodes.filter(({ op }) => op.name === name).length

/** Values of a graph on the double-precision reference, with first weights, statistics and images that are not special. */
function run(graph: Graph, outputs: readonly Value[]): number[][] {
  const backend = createReference({ arithmetic: 'f64' })
  const store = backend.createStore()
  const program = backend.compile(graph, { outputs, store, seed: 3 })
  for (const [name, { role, shape }] of store.variables)
    if (role === 'statistic' || shape.length === 1)
      store.data(name).forEach((_, i, data) => {
        data[i] = 0.7 + 0.5 * Math.sin(i + name.length)
      })
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = Math.sin(i * 0.37) + Math.cos(i * 0.011)
  if (graph.nodes.some(({ attrs }) => (attrs as { name?: string }).name === 'labels'))
    program.input('labels').set([1, 4])
  program.run()
  return outputs.map(value => [...program.read(value)])
}

function assertClose(got: readonly number[][], wanted: readonly number[][], what: string) {
  assert.equal(got.length, wanted.length)
  for (const [i, row] of wanted.entries()) {
    const norm = Math.hypot(...row)
    const error = Math.hypot(...row.map((x, j) => x - got[i]![j]!))
    // Where a batch norm undoes a scale, its exact gradient is zero and what is computed is rounding.
    assert.ok(error <= 1e-6 * norm + 1e-10, `${what}: output ${i} is off by ${error} of ${norm}`)
  }
}

function inference(network: string, passes: readonly PassName[]) {
  const model = buildModel(findNetwork(network), { ...small, mode: 'eval' })
  const logits = optimiseInference(model.graph, model.logits, new Set(passes))
  return { graph: model.graph, logits: run(model.graph, [logits]) }
}

const everyPass: readonly PassName[] = ['absorb-relu', 'fold-norm', 'merge-siblings', 'fuse-residual', 'fold-scale']

for (const network of ['inception-resnet-v2-slim', 'inception-v4'])
  test(`every pass, and all together, leave the logits of ${network} as they are`, () => {
    const plain = inference(network, [])
    for (const passes of [...everyPass.map(name => ['absorb-relu', 'fold-norm', name] as const), everyPass]) {
      const { graph, logits } = inference(network, passes)
      assert.ok(graph.nodes.length !== plain.graph.nodes.length, passes.join())
      assertClose(logits, plain.logits, passes.join())
    }
  })

test('all passes leave a residual network nothing but convolutions, pools, concatenations and slices', () => {
  const { graph } = inference('inception-resnet-v2-slim', everyPass)
  for (const gone of ['relu', 'residualAdd', 'batchNormInference', 'convolution'])
    assert.equal(count(graph, gone), 0, gone)
  for (const { op, attrs } of graph.nodes)
    if (op.name === 'fusedConvolution') assert.equal((attrs as { scale: number }).scale, 1)
})

test('siblings merge where several pointwise convolutions read one map, and only there', () => {
  const before = inference('inception-resnet-v2-slim', ['absorb-relu', 'fold-norm']).graph
  const after = inference('inception-resnet-v2-slim', ['absorb-relu', 'fold-norm', 'merge-siblings']).graph
  const merged = before.nodes.length > 0 ? count(before, 'fusedConvolution') - count(after, 'fusedConvolution') : 0
  // One block of each kind with three, two and two heads (the last block twice), the first block with three, and
  // reduction-B with three.
  assert.equal(merged, 2 + 2 + 1 + 1 + 1 + 2)
  assert.equal(count(after, 'sliceChannels'), 3 + 3 + 2 + 2 + 2 + 3)
})

/** Loss and all gradients of a step; `again` recomputes, `passes` run last. */
function training(passes: readonly PassName[], again: Recomputation) {
  const model = buildModel(findNetwork('inception-resnet-v2-slim'), { ...small, mode: 'train' })
  const { graph } = model
  const labels = input(graph, { name: 'labels', dtype: 's32', shape: [2], feed: 'plain' })
  const { loss } = softmaxCrossEntropy.emit({ logits: model.logits, labels }, { smoothing: 0.1 })
  const absorbed = optimiseForward(graph, [], new Set(passes))
  const forward = graph.nodes.length
  const diff = gradients([{ of: absorbed(loss), weight: 1 }], model.parameters.map(absorbed))
  const kept = [absorbed(loss), ...diff]
  removeDead(graph, kept)
  const replayed = recompute(graph, forward, again)
  const fused = optimise(graph, kept.map(replayed), new Set(passes))
  return {
    graph,
    results: run(
      graph,
      kept.map(value => fused(replayed(value))),
    ),
  }
}

test('neither fusing residuals nor recomputing changes a gradient', () => {
  const plain = training(['absorb-relu'], 'none')
  const fused = training(everyPass, 'none')
  const cheap = training(everyPass, 'cheap')
  const between = training(everyPass, 'between')
  assert.equal(count(fused.graph, 'residualAdd'), 0)
  assert.ok(count(cheap.graph, 'batchNormInference') >= 20)
  assert.ok(count(cheap.graph, 'concat') > count(fused.graph, 'concat'))
  // At an eighth of the width most convolutions are small enough to be cheap.
  assert.ok(count(cheap.graph, 'convolution') > count(fused.graph, 'convolution'))
  assert.ok(count(between.graph, 'convolution') > 1.5 * count(fused.graph, 'convolution'))
  assertClose(fused.results, plain.results, 'fused')
  assertClose(cheap.results, plain.results, 'cheap maps recomputed')
  assertClose(between.results, plain.results, 'all between junctions recomputed')
})

test('a scale is not folded into weights that the graph itself moves', () => {
  const model = buildModel(findNetwork('inception-resnet-v2-slim'), { ...small, mode: 'eval' })
  const { graph } = model
  const weights = model.parameters.find(value => variableOf(value)!.name.endsWith('expand.weights'))!
  movingAverage.emit({ averages: [weights], src: [weights], decay: input(graph, scalar) }, {})
  optimiseInference(graph, model.logits, new Set(everyPass))
  assert.ok(
    graph.nodes.some(({ op, attrs }) => op.name === 'fusedConvolution' && (attrs as { scale: number }).scale !== 1),
  )
})

const scalar = { name: 'decay', dtype: 'f32', shape: [1], feed: 'plain' } as const
