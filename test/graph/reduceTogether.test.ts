import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Backend } from '../../src/backends/backend.js'
import { openOnednn } from '../../src/backends/onednn/onednn.js'
import { createReference } from '../../src/backends/reference/reference.js'
import { sizeOf } from '../../src/base/shape.js'
import { gradients } from '../../src/graph/gradients.js'
import { flatten, type Graph, type Node, type Value } from '../../src/graph/op.js'
import { clipFactor, gradientNorms } from '../../src/graph/ops/gradientNorms.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { input } from '../../src/graph/ops/source.js'
import { movingAverage } from '../../src/graph/ops/updates.js'
import { allPasses, type Passes } from '../../src/graph/passes/pass-names.js'
import { optimise } from '../../src/graph/passes/passes.js'
import { buckets, reduceTogether } from '../../src/graph/reduceTogether.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import { small } from './small-network.js'

const mebibyte = 2 ** 20

test('buckets hold every value once and in order, within their limits, which double from the last one back', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: mebibyte }), { maxLength: 60 })
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 16 * mebibyte }), (sizes, bucketBytes) => {
      const values = sizes.map(size => ({ shape: [size] }))
      const found = buckets(values, bucketBytes)
      assert.deepEqual(found.flat(), values)
      for (const [i, bucket] of found.toReversed().entries()) {
        const bytes = bucket.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
        assert.ok(bucket.length === 1 || (bucket.length > 1 && bytes <= Math.min(2 ** i * mebibyte, bucketBytes)))
      }
    }),
  )
})

/** Gradients and statistics of a small network, with or without sums over replicas; its norms' statistics are updated. */
function step(replicas: number | undefined, passes: Passes) {
  const model = buildModel(findNetwork('inception-resnet-v2-slim'), { ...small, mode: 'train' })
  const { graph, logits, parameters } = model
  const labels = input(graph, { name: 'labels', dtype: 's32', shape: [2], feed: 'plain' })
  const { loss } = softmaxCrossEntropy.emit({ logits, labels }, { smoothing: 0.1 })
  const own = gradients([{ of: loss, weight: 1 }], parameters)
  const measured = [loss, ...model.statistics.map(({ batch }) => batch)]
  const together = (values: readonly Value[], bucketBytes: number, factor = 1) =>
    replicas ? reduceTogether(values, { replicas, precision: 'f32', bucketBytes, factor }) : [...values]
  const diff = together(own, 65536)
  const [mean, ...batch] = together(measured, 65536, replicas && 1 / replicas)
  const { norms } = gradientNorms.emit({ gradients: diff, weights: parameters }, { weightDecay: diff.map(() => 0) })
  const { norm } = clipFactor.emit({ norms }, { limit: 1 })
  const decay = input(graph, { name: 'decay', dtype: 'f32', shape: [1], feed: 'plain' })
  movingAverage.emit({ averages: model.statistics.map(({ running }) => running), src: batch, decay }, {})
  const outputs = [mean!, norms, norm]
  return { graph, outputs: outputs.map(optimise(graph, outputs, passes)) }
}

const nodesOf = ({ nodes }: Graph, name: string) => nodes.filter(({ op }) => op.name === name)

test('exchanges begin when their last value is made and end when the first is read, before anything is written', () => {
  const { graph } = step(2, allPasses)
  const place = new Map(graph.nodes.map((node, i) => [node, i]))
  const begins = nodesOf(graph, 'allReduceBegin')
  const ends = nodesOf(graph, 'allReduceEnd')
  assert.ok(begins.length > 5 && ends.length === begins.length)
  for (const begin of begins) {
    const made = Math.max(...flatten(begin.inputs).map(({ node }) => place.get(node)!))
    const between = graph.nodes.slice(made + 1, place.get(begin))
    assert.ok(
      between.every(({ op }) => op.schedule === 'early'),
      'something runs before an exchange that could begin',
    )
  }
  const writers = graph.nodes.filter(({ op }) => op.mutates?.length)
  const firstWriter = Math.min(...writers.map(node => place.get(node)!))
  for (const end of ends) assert.ok(place.get(end)! < firstWriter)
  const backward = graph.nodes.findLastIndex(({ op }) => op.name.includes('Backward'))
  assert.ok(begins.filter(node => place.get(node)! < backward).length >= begins.length - 1, 'exchanges hide nothing')
  assert.ok(ends.every(node => place.get(node)! > backward))

  const plain = step(2, new Set([...allPasses].filter(pass => pass !== 'overlap-exchange'))).graph
  const last = plain.nodes.findLastIndex(({ op }) => op.name.includes('Backward'))
  for (const begin of nodesOf(plain, 'allReduceBegin')) assert.ok(plain.nodes.indexOf(begin) > last)
})

test('the order of nodes stays one in which they can run', () => {
  const { graph } = step(2, allPasses)
  const seen = new Set<Node>()
  for (const node of graph.nodes) {
    for (const value of flatten(node.inputs)) assert.ok(seen.has(value.node), `${node.op.name} reads what is not made`)
    seen.add(node)
  }
})

const native = openOnednn(allPasses, 1)
const backends: readonly Backend[] = 'reason' in native ? [createReference()] : [native, createReference()]

for (const backend of backends)
  test(`sums over one replica change no bit on ${backend.title}`, () => {
    const run = ({ graph, outputs }: ReturnType<typeof step>) => {
      using store = backend.createStore()
      using program = backend.compile(graph, { outputs, store, seed: 3, tune: false })
      const images = program.input('images')
      for (let i = 0; i < images.length; i++) images[i] = Math.sin(i * 0.37) + Math.cos(i * 0.011)
      program.input('labels').set([1, 4])
      program.input('decay').set([0.5])
      program.run()
      const numbers = [
        ...outputs.map(value => program.read(value)),
        ...[...store.variables.keys()].map(n => store.data(n)),
      ]
      return { numbers: numbers.map(tensor => [...tensor]), kernels: program.kernels(), arena: program.memory.arena }
    }
    const [without, overlapped] = [run(step(undefined, allPasses)), run(step(1, allPasses))]
    assert.deepEqual(overlapped.numbers, without.numbers)
    if (!backend.native) return
    // Gradients are made where they are sent from: nothing runs but the exchanges, and what fills the gaps between.
    assert.deepEqual(
      overlapped.kernels.filter(({ op }) => op === 'part'),
      [],
    )
    const ends = overlapped.kernels.filter(({ op }) => op === 'allReduceEnd')
    assert.deepEqual(new Set(ends.map(({ kernel }) => kernel)), new Set(['one replica']))
    assert.ok(overlapped.arena < 1.05 * without.arena, `${overlapped.arena} bytes instead of ${without.arena}`)
  })
