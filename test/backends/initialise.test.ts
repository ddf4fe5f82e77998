import assert from 'node:assert/strict'
import test from 'node:test'
import { type Drawn, draw, initialKey } from '../../src/backends/initialise.js'
import { truncatedNormalQuantile } from '../../src/backends/normal-quantile.js'
import { TeamStore } from '../../src/backends/onednn/store.js'
import { createReference } from '../../src/backends/reference/reference.js'
import type { Task } from '../../src/backends/simd/task.js'
import { Team } from '../../src/backends/simd/team.js'
import { Graph } from '../../src/graph/op.js'
import { variable, variableOf } from '../../src/graph/ops/source.js'
import { averagesOf } from '../../src/optim/average.js'

/** Φ by its Maclaurin series, which is exact to double precision on [−2, 2]. */
function normalDistribution(z: number): number {
  let term = z
  let sum = z
  for (let k = 1; k < 60; k++) {
    term *= -(z * z) / (2 * k)
    sum += term / (2 * k + 1)
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI)
}

const inside = normalDistribution(2) - normalDistribution(-2)
const density = (z: number) => Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI)

/** The Kolmogorov–Smirnov statistic of the sample against a distribution function, times √n. */
function kolmogorov(sample: Float32Array, distribution: (x: number) => number): number {
  const sorted = sample.toSorted()
  const n = sorted.length
  let most = 0
  for (const [i, x] of sorted.entries()) {
    const f = distribution(x)
    most = Math.max(most, f - i / n, (i + 1) / n - f)
  }
  return most * Math.sqrt(n)
}

const mean = (sample: Float32Array) => sample.reduce((sum, x) => sum + x, 0) / sample.length

function drawn(initial: Drawn, n: number, name = 'w', seed = 3): Float32Array {
  const data = new Float32Array(n)
  draw(initial, initialKey(seed, name), data)
  return data
}

test('the quantile function of the truncated normal is exact to 3·10⁻¹⁰ and stays below 2', () => {
  const last = 0.5 - 2 ** -33
  const places = [...Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 4000), 2 ** -33, last]
  for (const v of places) {
    const z = truncatedNormalQuantile(v)
    const wanted = 0.5 + v * inside
    assert.ok(Math.abs(normalDistribution(z) - wanted) <= 3e-10 * z * density(z) + 4e-16, `at ${v}: ${z}`)
    assert.equal(truncatedNormalQuantile(-v), -z)
  }
  assert.ok(truncatedNormalQuantile(last) < 2)
})

test('a million truncated normals have the distribution, mean and deviation they should, and its bounds', () => {
  const sample = drawn({ kind: 'truncatedNormal', deviation: 1 }, 1_000_000)
  // 1.95 is passed by one sample in a thousand; the seed is fixed.
  assert.ok(kolmogorov(sample, z => (normalDistribution(z) - normalDistribution(-2)) / inside) < 1.95)
  const deviation = Math.sqrt(1 - (4 * density(2)) / inside)
  assert.ok(Math.abs(deviation - 0.8796) < 1e-4)
  assert.ok(Math.abs(mean(sample)) < 4 * deviation * 1e-3)
  assert.ok(Math.abs(Math.sqrt(mean(sample.map(x => x * x))) - deviation) < 4 * 1e-3 * deviation)
  assert.ok(sample.every(x => Math.abs(x) <= 2))
  assert.ok(sample.some(x => x > 1.9999) && sample.some(x => x < -1.9999))
})

test('a million uniforms fill their interval evenly', () => {
  const sample = drawn({ kind: 'uniform', limit: 0.25 }, 1_000_000)
  assert.ok(kolmogorov(sample, x => (x + 0.25) * 2) < 1.95)
  assert.ok(sample.every(x => Math.abs(x) <= 0.25))
})

test('neighbouring draws are uncorrelated, near and across the blocks of eight', () => {
  const sample = drawn({ kind: 'uniform', limit: Math.sqrt(3) }, 1_000_000)
  for (const lag of [1, 2, 3, 4, 7, 8, 9, 64]) {
    let sum = 0
    for (let i = lag; i < sample.length; i++) sum += sample[i]! * sample[i - lag]!
    assert.ok(Math.abs(sum / sample.length) < 4e-3, `lag ${lag}`)
  }
})

test('an element depends on seed, name and place, not on the length; the first ones never change', () => {
  const normal = { kind: 'truncatedNormal', deviation: 0.1 } as const
  const long = drawn(normal, 1003)
  for (const n of [0, 1, 3, 4, 5, 7, 8, 11]) assert.deepEqual(drawn(normal, n), long.slice(0, n))
  assert.notDeepEqual(drawn(normal, 8, 'v'), long.slice(0, 8))
  assert.notDeepEqual(drawn(normal, 8, 'w', 4), long.slice(0, 8))
  assert.deepEqual(Array.from(long.slice(0, 3)), [0.11503074318170547, -0.08674069494009018, -0.0620880164206028])
  assert.deepEqual(
    Array.from(drawn({ kind: 'uniform', limit: 1 }, 3)),
    [0.7857338190078735, -0.6435632109642029, -0.4875030517578125],
  )
})

test('the SIMD threads draw the same bits as the plain loop, whatever their number', async () => {
  const lengths = [1, 3, 4, 5, 7, 8, 9, 15, 1001, 65535, 65536, 65543, 200_001]
  const laws = lengths.flatMap(n => [
    { n, initial: { kind: 'truncatedNormal', deviation: Math.sqrt(2.6 / n) } as const },
    { n, initial: { kind: 'uniform', limit: 1 / n } as const },
  ])
  for (const threads of [1, 2, 3]) {
    const team = new Team({ threads })
    await team.ready()
    const places = laws.map(({ n }) => team.allocate(4 * n + 4))
    const tasks = laws.map(({ n, initial }, i): Task => {
      const key = initialKey(2 ** 40 + 5, `v${i}`)
      const { kind, ...scale } = initial
      return { kernel: kind, dst: places[i]!, n, key, ...scale } as Task
    })
    team.prepare(tasks).run()
    laws.forEach(({ n, initial }, i) => {
      const expected = drawn(initial, n, `v${i}`, 2 ** 40 + 5)
      assert.deepEqual(team.f32(places[i]!, n).slice(), expected, `${initial.kind} ${n} with ${threads} threads`)
      assert.equal(team.f32(places[i]! + 4 * n, 1)[0], 0, 'nothing past the end')
    })
    await team.close()
  }
})

test('both stores give a variable the same first values, and an average those of its variable', async () => {
  const graph = new Graph()
  const declare = (name: string, initial: Drawn | { kind: 'constant'; value: number }) =>
    variable(graph, { name, role: 'parameter', shape: [70_001], initial, decays: false })
  const values = [
    declare('normal', { kind: 'truncatedNormal', deviation: 0.1 }),
    declare('uniform', { kind: 'uniform', limit: 0.1 }),
    declare('one', { kind: 'constant', value: 1 }),
    declare('zero', { kind: 'constant', value: 0 }),
  ]
  const averages = averagesOf(values)
  const team = new Team({ threads: 2 })
  await team.ready()
  // A block that has been used before.
  const used = team.allocate(4 * 70_001)
  team.f32(used, 70_001).fill(7)
  team.release(used)
  const stores = [new TeamStore(team), createReference().createStore()]
  for (const store of stores) for (const value of [...values, ...averages]) store.declare(variableOf(value)!, 9)
  values.forEach((value, i) => {
    const { name } = variableOf(value)!
    const [first, again] = stores.map(store => Float32Array.from(store.data(name)))
    assert.deepEqual(first, again, name)
    for (const store of stores) assert.deepEqual(Float32Array.from(store.data(variableOf(averages[i]!)!.name)), first)
  })
  await team.close()
})
