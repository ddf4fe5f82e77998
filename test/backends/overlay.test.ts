import assert from 'node:assert/strict'
import test from 'node:test'
import { Overlay } from '../../src/backends/onednn/overlay.js'
import { Graph, type Value } from '../../src/graph/op.js'
import { constant } from '../../src/graph/ops/source.js'

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
