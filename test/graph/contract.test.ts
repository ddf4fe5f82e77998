import assert from 'node:assert/strict'
import test from 'node:test'
import type { Backend } from '../../src/backends/backend.js'
import { createReference } from '../../src/backends/reference/reference.js'
import { ops } from '../../src/graph/ops.js'
import { opCases } from './cases.js'
import { checkFilled, checkGradient, compareWithReference, contractOf, isDifferentiable, nodesOf } from './contract.js'

test('the cases cover every op, forward, backward and update, and have names of their own', () => {
  const used = new Set(opCases.flatMap(opCase => nodesOf(opCase)).map(({ op }) => op.name))
  assert.deepEqual([...used].sort(), Object.keys(ops).sort())
  for (const [name, op] of Object.entries(ops)) assert.equal(op.name, name)
  assert.equal(new Set(opCases.map(({ name }) => name)).size, opCases.length)
})

for (const opCase of opCases)
  test(`${opCase.name}: the reference fills what was inferred`, () => {
    checkFilled(opCase)
  })

for (const opCase of opCases.filter(isDifferentiable))
  test(`${opCase.name}: the gradient agrees with differences`, () => {
    checkGradient(opCase)
  })

test('the reference backend passes its own comparison in every precision', () => {
  const backend = createReference()
  const pairs = contractOf(backend, opCases)
  assert.equal(pairs.length, 2 * opCases.length)
  for (const [opCase, precision] of pairs) compareWithReference(backend, opCase, precision)
})

test('every op with a gradient is differentiated by some case', () => {
  const checked = new Set(opCases.filter(isDifferentiable).flatMap(opCase => nodesOf(opCase).map(({ op }) => op.name)))
  for (const op of Object.values(ops)) if (op.grad) assert.ok(checked.has(op.name), op.name)
})

test('the comparison notices one wrong element in thousands, in an output, a gradient or a variable', () => {
  const spoilt = (spoil: (read: Float32Array) => void): Backend => {
    const backend = createReference()
    return {
      ...backend,
      compile(graph, options) {
        const program = backend.compile(graph, options)
        return {
          input: name => program.input(name),
          run() {
            program.run()
            for (const name of options.store.variables.keys()) spoil(options.store.data(name))
          },
          read(output) {
            const read = program.read(output)
            spoil(read)
            return read
          },
          memory: program.memory,
          exchanges: () => program.exchanges(),
          kernels: () => program.kernels(),
          profile: () => program.profile(),
          [Symbol.dispose]: () => program[Symbol.dispose](),
        }
      },
    }
  }
  const broken = spoilt(data => {
    data[data.length - 1]! += 1
  })
  for (const opCase of opCases)
    assert.throws(() => compareWithReference(broken, opCase, 'f32'), /relative error .* at most/, opCase.name)
})
