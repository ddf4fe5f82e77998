import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { defineOp, flatten, Graph, type Node, type Value } from '../../src/graph/op.js'
import { variable } from '../../src/graph/ops/source.js'
import { overlapExchange } from '../../src/graph/passes/overlapExchange.js'

const about = {
  inputs: { src: 'many', written: 'many' },
  outputs: { dst: 'one' },
  infer: () => ({ dst: { dtype: 'f32', shape: [1] } }) as const,
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference() {},
} as const
const kinds = {
  plain: defineOp({ ...about, name: 'plain' }),
  early: defineOp({ ...about, name: 'early', schedule: 'early' }),
  late: defineOp({ ...about, name: 'late', schedule: 'late' }),
  writer: defineOp({ ...about, name: 'writer', mutates: ['written'] }),
}

const graphs = fc
  .array(
    fc.record({
      kind: fc.constantFrom('plain', 'plain', 'early', 'late', 'writer' as const),
      reads: fc.array(fc.nat(), { maxLength: 3 }),
      variable: fc.nat(1),
    }),
    { maxLength: 25 },
  )
  .map(nodes => {
    const graph = new Graph()
    const variables = ['v', 'w'].map(name =>
      variable(graph, { name, role: 'slot', shape: [1], initial: { kind: 'constant', value: 0 }, decays: false }),
    )
    const values: Value[] = [...variables]
    for (const { kind, reads, variable } of nodes) {
      const src = reads.map(i => values[i % values.length]!)
      const written = kind === 'writer' ? [variables[variable]!] : []
      values.push(kinds[kind].emit({ src, written }, {}, graph).dst)
    }
    return graph
  })

const writes = (node: Node, value: Value) => (node.inputs.written as readonly Value[] | undefined)?.includes(value)

/** Pairs of nodes of which the first must come first: it makes, reads or writes what the second reads or writes. */
function orderings(nodes: readonly Node[]): [Node, Node][] {
  return nodes.flatMap((second, j) =>
    nodes.slice(0, j).flatMap((first): [Node, Node][] => {
      const touched = [...flatten(first.inputs), ...Object.values(first.outputs)]
      const conflict = [...flatten(second.inputs)].some(
        value => value.node === first || (touched.includes(value) && (writes(first, value) || writes(second, value))),
      )
      return conflict ? [[first, second]] : []
    }),
  )
}

test('moving nodes keeps every read after the write before it, and every write after the reads before it', () => {
  fc.assert(
    fc.property(graphs, graph => {
      const before = [...graph.nodes]
      const needed = orderings(before)
      overlapExchange(graph)
      assert.deepEqual(new Set(graph.nodes), new Set(before))
      const place = new Map(graph.nodes.map((node, i) => [node, i]))
      for (const [first, second] of needed) assert.ok(place.get(first)! < place.get(second)!)
      const rest = (nodes: readonly Node[]) => nodes.filter(({ op }) => !op.schedule)
      assert.deepEqual(rest(graph.nodes), rest(before), 'what has no schedule changes places')
    }),
  )
})

test('nothing late waits beyond a write, and nothing early after what it does not need', () => {
  fc.assert(
    fc.property(graphs, graph => {
      const before = new Map(graph.nodes.map((node, i) => [node, i]))
      overlapExchange(graph)
      for (const [i, node] of graph.nodes.entries()) {
        const writer = graph.nodes.slice(0, i).find(other => other.op.mutates && before.get(other)! > before.get(node)!)
        assert.ok(node.op.schedule !== 'late' || !writer)
        const previous = graph.nodes[i - 1]
        if (node.op.schedule !== 'early' || !previous || previous.op.schedule) continue
        const needs = flatten(node.inputs).some(value => value.node === previous || writes(previous, value))
        assert.ok(needs, 'an early node waits')
      }
    }),
  )
})
