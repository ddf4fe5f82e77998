import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import type { Value } from '../../src/graph/op.js'
import { clipFactor, gradientNorms } from '../../src/graph/ops/gradientNorms.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { momentumDescent, movingAverage, rmsprop } from '../../src/graph/ops/updates.js'
import { Material } from './material.js'

/** A compiled update over tensors whose numbers the test sets and reads itself, in double precision. */
function compile(m: Material, outputs: readonly Value[] = []) {
  const backend = createReference({ arithmetic: 'f64' })
  const store = backend.createStore()
  const program = backend.compile(m.graph, { outputs, store })
  const of = (value: Value) => store.data(variableOf(value)!.name)
  const scalar = (value: Value, x: number) => program.input((value.node.attrs as { name: string }).name).set([x])
  return { program, of, scalar }
}

const close = (got: number, wanted: number) =>
  assert.ok(Math.abs(got - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${got}, ${wanted}`)

test('rmsprop takes TensorFlow’s step: epsilon inside the root, the rate inside the momentum, mean squares from one', () => {
  const m = new Material('rmsprop', 'f32', 'variables')
  const [w, g, ms, mom, avg] = [m.weight([1]), m.weight([1]), m.weight([1]), m.weight([1]), m.weight([1])]
  const [rate, factor, decay] = [m.scalar(0), m.scalar(0), m.scalar(0)]
  rmsprop.emit(
    {
      weights: [w],
      gradients: [g],
      meanSquares: [ms],
      momenta: [mom],
      averages: [avg],
      learningRate: rate,
      gradientScale: factor,
      averageDecay: decay,
    },
    { weightDecay: [0.5], decay: 0.75, epsilon: 1, momentum: 0.5 },
  )
  const { program, of, scalar } = compile(m)
  of(w)[0] = 4
  of(g)[0] = 2
  of(ms)[0] = 1
  of(mom)[0] = 0
  of(avg)[0] = 8
  scalar(rate, 0.25)
  scalar(factor, 0.5)
  scalar(decay, 0.875)
  program.run()
  // g = 0.5·(2 + 0.5·4) = 2; ms = 0.75 + 0.25·4 = 1.75; mom = 0.25·2/√2.75
  const first = 0.5 / Math.sqrt(2.75)
  close(of(ms)[0]!, 1.75)
  close(of(mom)[0]!, first)
  close(of(w)[0]!, 4 - first)
  close(of(avg)[0]!, 0.875 * 8 + 0.125 * (4 - first))
  program.run()
  // g = 0.5·(2 + 0.5·w); ms = 0.75·1.75 + 0.25·g²; mom = 0.5·mom + 0.25·g/√(ms+1)
  const gradient = 0.5 * (2 + 0.5 * (4 - first))
  const square = 0.75 * 1.75 + 0.25 * gradient ** 2
  const second = 0.5 * first + (0.25 * gradient) / Math.sqrt(square + 1)
  close(of(ms)[0]!, square)
  close(of(mom)[0]!, second)
  close(of(w)[0]!, 4 - first - second)
})

test('momentum descent keeps the rate outside the momentum, and weight decay passes through it', () => {
  const m = new Material('momentum', 'f32', 'variables')
  const [w, g, mom] = [m.weight([2]), m.weight([2]), m.weight([2])]
  const [rate, factor, decay] = [m.scalar(0), m.scalar(0), m.scalar(0)]
  momentumDescent.emit(
    {
      weights: [w],
      gradients: [g],
      momenta: [mom],
      averages: [],
      learningRate: rate,
      gradientScale: factor,
      averageDecay: decay,
    },
    { weightDecay: [0.25], momentum: 0.5 },
  )
  const { program, of, scalar } = compile(m)
  of(w).set([4, -8])
  of(g).set([1, 0])
  of(mom).set([0, 2])
  scalar(rate, 0.5)
  scalar(factor, 2)
  program.run()
  // acc = 0.5·acc + 2·(g + 0.25·w): 4 and −3; w −= 0.5·acc
  assert.deepEqual([...of(mom)], [4, -3])
  assert.deepEqual([...of(w)], [2, -6.5])
  scalar(rate, 0.25)
  program.run()
  assert.deepEqual([...of(mom)], [0.5 * 4 + 2 * (1 + 0.5), 0.5 * -3 + 2 * (0.25 * -6.5)])
})

test('every tensor of a list has its own weight decay', () => {
  const m = new Material('decays', 'f32', 'variables')
  const [a, b] = [m.weight([1]), m.weight([1])]
  const [ga, gb, ma, mb] = [m.weight([1]), m.weight([1]), m.weight([1]), m.weight([1])]
  const [rate, factor, decay] = [m.scalar(0), m.scalar(0), m.scalar(0)]
  momentumDescent.emit(
    {
      weights: [a, b],
      gradients: [ga, gb],
      momenta: [ma, mb],
      averages: [],
      learningRate: rate,
      gradientScale: factor,
      averageDecay: decay,
    },
    { weightDecay: [0.5, 0], momentum: 0 },
  )
  const { program, of, scalar } = compile(m)
  for (const value of [a, b]) of(value)[0] = 2
  for (const value of [ga, gb]) of(value)[0] = 0
  scalar(rate, 1)
  scalar(factor, 1)
  program.run()
  assert.deepEqual([of(a)[0], of(b)[0]], [1, 2])
})

test('a moving average keeps its decay’s share', () => {
  const m = new Material('average', 'f32', 'variables')
  const [average, source] = [m.weight([3]), m.weight([3])]
  const decay = m.scalar(0)
  movingAverage.emit({ averages: [average], src: [source], decay }, {})
  const { program, of, scalar } = compile(m)
  of(average).set([1, 2, -4])
  of(source).set([5, 2, 4])
  scalar(decay, 0.75)
  program.run()
  assert.deepEqual([...of(average)], [2, 2, -2])
  program.run()
  assert.deepEqual([...of(average)], [2.75, 2, -0.5])
})

test('gradient norms include the decay term, and the clip factor is the limit over the global norm', () => {
  const m = new Material('norms', 'f32', 'variables')
  const [ga, gb, wa, wb] = [m.weight([2]), m.weight([1]), m.weight([2]), m.weight([1])]
  const { norms } = gradientNorms.emit({ gradients: [ga, gb], weights: [wa, wb] }, { weightDecay: [0.5, 0] })
  const tight = clipFactor.emit({ norms }, { limit: 6.5 })
  const loose = clipFactor.emit({ norms }, { limit: 14 })
  const { program, of } = compile(m, [norms, tight.factor, tight.norm, loose.factor])
  of(ga).set([2, 2])
  of(wa).set([2, 4])
  of(gb).set([-12])
  of(wb).set([100])
  program.run()
  assert.deepEqual([...program.read(norms)], [5, 12]) // ‖(3, 4)‖ and ‖−12‖
  assert.deepEqual([...program.read(tight.norm)], [13])
  assert.deepEqual([...program.read(tight.factor)], [0.5])
  assert.deepEqual([...program.read(loose.factor)], [1])
})
