import assert from 'node:assert/strict'
import test from 'node:test'
import { Belongings } from '../../src/backends/onednn/belongings.js'
import { lower } from '../../src/backends/onednn/lower.js'
import { sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { Overlay } from '../../src/backends/onednn/overlay.js'
import { planValues } from '../../src/backends/onednn/value-plan.js'
import { flatten, Graph, type Value } from '../../src/graph/op.js'
import { bucketStarts } from '../../src/graph/ops/allReduce.js'
import { constant } from '../../src/graph/ops/source.js'
import { overlapExchange } from '../../src/graph/passes/overlapExchange.js'
import { exchanges } from '../graph/exchange-cases.js'
import { Material } from '../graph/material.js'

const graph = new Graph()
const make = (): Value => constant(graph, [1], 0)

test('parts of a whole, and what they took their memory over from, lie where the whole says', () => {
  const [whole, a, b, source, sum, part] = Array.from({ length: 6 }, make) as [Value, Value, Value, Value, Value, Value]
  const overwrites = new Map([
    [b, source],
    [sum, whole],
  ])
  const within = new Map([
    [a, { outer: whole, offset: 0 }],
    [b, { outer: whole, offset: 64 }],
    [part, { outer: sum, offset: 128 }],
  ])
  const overlay = new Overlay(overwrites, within)
  const places = [whole, a, b, source, sum, part].map(value => overlay.rootOf(value))
  assert.ok(places.every(({ root }) => root === whole))
  assert.deepEqual(
    places.map(({ offset }) => offset),
    [0, 0, 64, 64, 0, 128],
  )
})

test('a chain of results that take over one memory has one place', () => {
  const [first, second, third, other] = [make(), make(), make(), make()] as const
  const overlay = new Overlay(
    new Map([
      [second, first],
      [third, second],
    ]),
    new Map(),
  )
  assert.deepEqual(overlay.rootOf(third), { root: first, offset: 0 })
  assert.deepEqual(overlay.rootOf(other), { root: other, offset: 0 })
  assert.equal(overlay.isShared(first), true)
  assert.equal(overlay.isShared(other), false)
})

const shared = sharedOnednn()

test('gradients lie in their bucket, and sums where the gradients were', {
  skip: 'reason' in shared && shared.reason,
}, () => {
  if ('reason' in shared) return
  for (const { name, build } of exchanges.filter(({ name }) => name.includes('own memory'))) {
    const material = new Material(name, 'f32', 'inputs')
    const outputs = build(material)
    const { graph } = material
    overlapExchange(graph)
    using owner = new Belongings()
    const lowered = shared.api.making(owner, () => lower(graph, shared.api, outputs, undefined))
    const { offsets } = planValues(graph, lowered, { outputs, isPlaced: () => false, inPlace: true })
    const begins = graph.nodes.filter(({ op }) => op.name === 'allReduceBegin')
    assert.equal(begins.length, 1)
    const { sums } = begins[0]!.outputs
    const src = flatten({ src: begins[0]!.inputs.src })
    const computed = src
      .map((value, i) => [value, bucketStarts(src)[i]!] as const)
      .filter(([value]) => offsets.has(value))
    assert.equal(computed.length, 2, 'the gradients that a kernel makes')
    for (const [value, start] of computed) assert.equal(offsets.get(value), offsets.get(sums!)! + 4 * start, name)
    const results = new Set(outputs.map(value => offsets.get(value)! - offsets.get(sums!)!))
    assert.deepEqual(
      [...results].sort((a, b) => a - b),
      bucketStarts(src).map(start => 4 * start),
    )
  }
})
