import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { gradients } from '../../src/graph/gradients.js'
import { ShapeError, type Value } from '../../src/graph/op.js'
import { cast } from '../../src/graph/ops/cast.js'
import { concat } from '../../src/graph/ops/concat.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { dense2d } from '../../src/graph/ops/dense.js'
import { mixedCrossEntropy } from '../../src/graph/ops/mixedCrossEntropy.js'
import { relu } from '../../src/graph/ops/relu.js'
import { residualAdd } from '../../src/graph/ops/residualAdd.js'
import { scale } from '../../src/graph/ops/scale.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import { constant } from '../../src/graph/ops/source.js'
import { sumOp } from '../../src/graph/ops/sum.js'
import { removeDead } from '../../src/graph/passes/removeDead.js'
import { Material } from './material.js'

/** The numbers of `outputs` after one run over a material's own numbers. */
function evaluate({ graph, numbers }: Material, outputs: readonly Value[]): number[][] {
  const backend = createReference({ arithmetic: 'f64' })
  const store = backend.createStore()
  const program = backend.compile(graph, { outputs, store })
  for (const name of store.variables.keys()) store.data(name).set(numbers.get(name)!)
  for (const { op, attrs } of graph.nodes)
    if (op.name === 'input') {
      const { name } = attrs as { readonly name: string }
      program.input(name).set(numbers.get(name)!)
    }
  program.run()
  return outputs.map(value => [...program.read(value)])
}

const near = (got: readonly number[], wanted: readonly number[]) => {
  assert.equal(got.length, wanted.length)
  for (const [i, value] of wanted.entries())
    assert.ok(Math.abs(got[i]! - value) <= 1e-6 * (1 + Math.abs(value)), `${i}: ${got[i]}, ${value}`)
}

test('the gradient of a softmax with smoothing is (p − q)/N', () => {
  const m = new Material('softmax', 'f32', 'variables')
  const logits = m.single([2, 3])
  const { loss, probabilities } = softmaxCrossEntropy.emit({ logits, labels: m.whole([2, 0]) }, { smoothing: 0.3 })
  const [diff, p] = evaluate(m, [...gradients([{ of: loss, weight: 1 }], [logits]), probabilities])
  const target = [0.1, 0.1, 0.8, 0.8, 0.1, 0.1]
  near(
    diff!,
    target.map((q, i) => (p![i]! - q) / 2),
  )
})

test('the cross-entropy of a mixed image is that of its labels, each with its share; a share of 1 changes no bit', () => {
  const m = new Material('mixed', 'f32', 'variables')
  const logits = m.single([2, 3])
  const [labels, others] = [m.whole([2, 0]), m.whole([1, 0])]
  const pure = (of: Value) => softmaxCrossEntropy.emit({ logits, labels: of }, { smoothing: 0.3 }).loss
  const mixed = (share: number) =>
    mixedCrossEntropy.emit({ logits, labels, others, shares: constant(m.graph, [2], share) }, { smoothing: 0.3 }).loss
  const losses = [pure(labels), pure(others), mixed(0.25), mixed(1)]
  const slopes = losses.map(of => gradients([{ of, weight: 1 }], [logits])[0]!)
  const [first, second, both, whole, ...diff] = evaluate(m, [...losses, ...slopes])
  near(both!, [0.25 * first![0]! + 0.75 * second![0]!])
  near(
    diff[2]!,
    diff[0]!.map((d, i) => 0.25 * d + 0.75 * diff[1]![i]!),
  )
  assert.deepEqual([whole, diff[3]], [first, diff[0]])
})

test('weights by element choose what is differentiated: a product with the Jacobian', () => {
  const m = new Material('rows', 'f32', 'variables')
  const features = m.single([1, 4])
  const weights = m.weight([3, 4])
  const scores = dense2d(features, weights, m.weight([3]))
  const weight = m.single([1, 3])
  const [diff, w, chosen] = evaluate(m, [...gradients([{ of: scores, weight }], [features]), weights, weight])
  near(
    diff!,
    [0, 1, 2, 3].map(i => [0, 1, 2].reduce((sum, k) => sum + chosen![k]! * w![4 * k + i]!, 0)),
  )
})

test('losses add up with their weights, as a head’s 0.4 does', () => {
  const m = new Material('weights', 'f32', 'variables')
  const features = m.single([2, 4])
  const head = (weights: Value) =>
    softmaxCrossEntropy.emit(
      { logits: dense2d(features, weights, m.weight([3])), labels: m.whole([0, 2]) },
      { smoothing: 0.1 },
    ).loss
  const [one, two] = [m.weight([3, 4]), m.weight([3, 4])]
  const [main, auxiliary] = [head(one), head(two)]
  const alone = [main, auxiliary].map(of => gradients([{ of, weight: 1 }], [features])[0]!)
  const both = gradients(
    [
      { of: main, weight: 1 },
      { of: auxiliary, weight: 0.4 },
    ],
    [features, one, two],
  )
  const ofTwo = gradients([{ of: auxiliary, weight: 1 }], [two])[0]!
  const ofOne = gradients([{ of: main, weight: 1 }], [one])[0]!
  const [a, b, joint, first, second, plainTwo, plainOne] = evaluate(m, [...alone, ...both, ofTwo, ofOne])
  near(
    joint!,
    a!.map((value, i) => value + 0.4 * b![i]!),
  )
  near(first!, plainOne!)
  near(
    second!,
    plainTwo!.map(value => 0.4 * value),
  )
})

test('a value used several times gathers every use, also through itself', () => {
  const m = new Material('uses', 'f32', 'variables')
  const x = m.weight([1, 2, 2, 2])
  const twice = sumOp.emit({ src: [x, x, scale(x, 3)] }, {}).dst
  const joined = concat([twice, x])
  const [diff] = evaluate(m, gradients([{ of: joined, weight: 1 }], [x]))
  near(
    diff!,
    Array.from({ length: 8 }, () => 6),
  )
})

test('gradients stop at what does not lead to a wanted value', () => {
  const m = new Material('pruned', 'f32', 'variables')
  const [x, w] = [m.weight([1, 2, 2, 2]), m.weight([1, 2, 2, 2])]
  const y = residualAdd(relu(x), w, 0.5)
  const before = m.graph.nodes.length
  const [diff] = gradients([{ of: y, weight: 1 }], [w])
  assert.deepEqual(
    m.graph.nodes.slice(before).map(({ op }) => op.name),
    ['constant', 'scale'],
  )
  near(
    evaluate(m, [diff!])[0]!,
    Array.from({ length: 8 }, () => 0.5),
  )
})

test('a parameter that leads to no loss is reported by name', () => {
  const m = new Material('lost', 'f32', 'variables')
  const [x, lost] = [m.weight([1, 2, 2, 2]), m.weight([2])]
  assert.throws(() => gradients([{ of: relu(x), weight: 1 }], [lost]), /no path from the loss to/)
})

test('backward nodes carry the scope of the forward node they come from', () => {
  const m = new Material('scopes', 'f32', 'variables')
  const x = m.weight([1, 2, 2, 2])
  m.graph.scope = 'stem.relu'
  const y = relu(x)
  m.graph.scope = 'top'
  gradients([{ of: y, weight: 1 }], [x])
  assert.equal(m.graph.nodes.at(-1)?.scope, 'stem.relu')
  assert.equal(m.graph.scope, 'top')
})

test('gradients of f32 weights beside bf16 activations come back in f32', () => {
  const m = new Material('types', 'bf16', 'inputs')
  const window = {
    kernel: [3, 3],
    strides: [1, 1],
    padding: [
      [1, 1],
      [1, 1],
    ],
    groups: 1,
  } as const
  const [weights, bias] = [m.weight([4, 3, 3, 3]), m.weight([4])]
  const src = m.map([1, 3, 4, 4])
  const y = conv2d(src, weights, bias, window)
  assert.equal(y.dtype, 'bf16')
  const diff = gradients([{ of: cast(y, 'f32'), weight: 1 }], [weights, bias, src])
  assert.deepEqual(
    diff.map(({ dtype }) => dtype),
    ['f32', 'f32', 'bf16'],
  )
  removeDead(m.graph, diff)
  near(evaluate(m, [diff[1]!])[0]!, [16, 16, 16, 16])
})

test('shapes that do not fit are refused with the op, the scope and both shapes', () => {
  const m = new Material('shapes', 'f32', 'inputs')
  const window = {
    kernel: [3, 3],
    strides: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  } as const
  const x = m.map([1, 3, 4, 4])
  m.graph.scope = 'stem.conv_1a'
  const refuses = (work: () => unknown, message: RegExp) =>
    assert.throws(work, error => error instanceof ShapeError && message.test(error.message))
  refuses(
    () => conv2d(x, m.weight([8, 4, 3, 3]), undefined, window),
    /^stem\.conv_1a: convolution: weights for 4 channels/,
  )
  refuses(
    () => conv2d(m.map([1, 3, 2, 2]), m.weight([8, 3, 3, 3]), undefined, window),
    /3×3 window does not fit a 2×2 map/,
  )
  refuses(() => conv2d(x, m.weight([8, 3, 5, 5]), undefined, window), /weights are 5×5, kernel is 3×3/)
  refuses(() => conv2d(x, m.weight([8, 3, 3, 3]), m.weight([4]), window), /bias of 4 for 8 filters/)
  refuses(() => concat([x, m.map([1, 3, 5, 4])]), /branch_1 is 1×3×5×4, branch_0 is 1×3×4×4/)
  refuses(() => residualAdd(x, m.map([1, 4, 4, 4]), 1), /residual body gives 1×4×4×4, input is 1×3×4×4/)
  refuses(() => sumOp.emit({ src: [x, m.map([1, 3, 4, 5])] }, {}), /cannot add/)
  refuses(() => dense2d(m.map([2, 4]), m.weight([3, 5]), m.weight([3])), /weights for 5 features, src has 4/)
  refuses(() => dense2d(x, m.weight([3, 3]), m.weight([3])), /needs a matrix/)
  refuses(() => {
    const rows = { labels: m.whole([1, 0]), others: m.whole([1]), shares: constant(m.graph, [2], 1) }
    return mixedCrossEntropy.emit({ logits: m.map([2, 3]), ...rows }, { smoothing: 0 })
  }, /1 others for 2 rows/)
  refuses(
    () => softmaxCrossEntropy.emit({ logits: m.map([2, 3]), labels: m.whole([1]) }, { smoothing: 0 }),
    /1 labels for 2 rows/,
  )
})
