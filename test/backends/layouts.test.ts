import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { FlowNetwork } from '../../src/backends/min-cut.js'

type Pipe = readonly [a: number, b: number, forward: number, backward: number]

/** The cost of putting the places of `side` with the source. */
const costOf = (pipes: readonly Pipe[], side: readonly boolean[]) =>
  pipes.reduce((sum, [a, b, forward, backward]) => {
    if (side[a] === side[b]) return sum
    return sum + (side[a] ? forward : backward)
  }, 0)

/** By trying all ways. */
function leastCost(pipes: readonly Pipe[], places: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let bits = 0; bits < 2 ** (places - 2); bits++) {
    const side = [true, false, ...Array.from({ length: places - 2 }, (_, i) => (bits & (1 << i)) !== 0)]
    least = Math.min(least, costOf(pipes, side))
  }
  return least
}

const places = 8
const place = fc.integer({ min: 0, max: places - 1 })
const cost = fc.integer({ min: 0, max: 20 })
const pipes = fc.array(fc.tuple(place, place, cost, cost), { maxLength: 25 })

test('a cut costs what the cheapest of all cuts costs', () => {
  fc.assert(
    fc.property(pipes, given => {
      const flow = new FlowNetwork(places)
      for (const pipe of given) flow.join(...pipe)
      const side = flow.cut(0, 1)
      assert.equal(side[0], true)
      assert.equal(side[1], false)
      assert.equal(costOf(given, side), leastCost(given, places))
    }),
    { numRuns: 500 },
  )
})

test('fractions of a millisecond are costs like others', () => {
  const flow = new FlowNetwork(4)
  flow.join(0, 2, 0.25, 0)
  flow.join(2, 1, 0.5, 0)
  flow.join(2, 3, 0.01, 0.01)
  flow.join(0, 3, 0.125, 0)
  flow.join(3, 1, 0.0625, 0)
  // Place 2 goes with the sink, since that costs 0.25 and not 0.5; place 3 stays although the pipe between them is cut.
  assert.deepEqual(flow.cut(0, 1), [true, false, false, true])
})
