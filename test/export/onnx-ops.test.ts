import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { createReference } from '../../src/backends/reference/reference.js'
import { onnxGraphOf } from '../../src/export/onnx/from-graph.js'
import { type ExportedOp, lowerings } from '../../src/export/onnx/lowerings.js'
import { loadOnnxRuntime } from '../../src/export/onnx/runtime.js'
import { writeAtomically } from '../../src/formats/atomic-file.js'
import type { OnnxModel } from '../../src/formats/onnx/model.js'
import { writeModel } from '../../src/formats/onnx/write.js'
import { relu } from '../../src/graph/ops/relu.js'
import { type Input, variableOf } from '../../src/graph/ops/source.js'
import { opCases } from '../graph/cases.js'
import type { OpCase } from '../graph/contract.js'
import { Material } from '../graph/material.js'

const folder = mkdtempSync(path.join(tmpdir(), 'onnx-ops-'))
after(() => rmSync(folder, { recursive: true }))
const runtime = await loadOnnxRuntime(1)

const exported = new Set<string>(Object.keys(lowerings))
const sources = new Set(['input', 'variable', 'constant', 'foldBatchNorm', 'stackFilters'])

/** A case's forward part, where it is one of inference in f32. */
function materialOf(opCase: OpCase) {
  const material = new Material(opCase.name, 'f32', 'inputs')
  const outputs = opCase.build(material)
  const names = material.graph.nodes.map(({ op }) => op.name)
  const isInference = names.every(name => exported.has(name) || sources.has(name)) && outputs.length > 0
  return isInference && !opCase.needsBf16 ? { material, outputs } : undefined
}

const cases = opCases.flatMap(opCase => {
  const found = materialOf(opCase)
  return found ? [{ name: opCase.name, ...found }] : []
})

test('every op that is exported has a case here', () => {
  const covered = new Set(cases.flatMap(({ material }) => material.graph.nodes.map(({ op }) => op.name)))
  // In f32 nothing is cast.
  const wanted = (Object.keys(lowerings) as ExportedOp[]).filter(name => name !== 'cast')
  assert.deepEqual(
    wanted.filter(name => !covered.has(name)),
    [],
  )
})

for (const { name, material, outputs } of cases)
  test(`${name} means the same in ONNX Runtime`, async () => {
    const { graph, numbers } = material
    const inputs = graph.nodes.filter(({ op }) => op.name === 'input').map(({ outputs }) => outputs.dst!)
    const nameOf = (value: (typeof inputs)[number]) => (value.node.attrs as Input).name
    const model: OnnxModel = {
      producer: { name: 'test', version: '1' },
      description: '',
      metadata: {},
      graph: onnxGraphOf({
        name,
        graph,
        inputs: new Map(inputs.map(value => [value, nameOf(value)])),
        outputs: Object.fromEntries(outputs.map((value, i) => [`result_${i}`, value])),
        numbers: variable => Float32Array.from(numbers.get(variable.name)!),
      }),
    }
    const file = path.join(folder, 'case.onnx')
    writeAtomically(file, out => writeModel(model, out))
    const reference = createReference()
    const store = reference.createStore()
    const program = reference.compile(graph, { outputs, store })
    for (const { outputs } of graph.nodes) {
      const variable = outputs.dst && variableOf(outputs.dst)
      if (variable) store.data(variable.name).set(numbers.get(variable.name)!)
    }
    const fed: Record<string, { shape: readonly number[]; data: Float32Array }> = {}
    for (const value of inputs) {
      const data = Float32Array.from(numbers.get(nameOf(value))!)
      fed[nameOf(value)] = { shape: value.shape, data }
      const { feed } = value.node.attrs as Input
      program.input(nameOf(value)).set(feed === 'nhwc' ? channelsLast(data, value.shape) : data)
    }
    program.run()
    await using session = await runtime.open(file)
    const got = await session.run(fed)
    for (const [i, value] of outputs.entries()) {
      const [ours, theirs] = [program.read(value), got.get(`result_${i}`)!]
      assert.equal(theirs.length, ours.length)
      const largest = ours.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      for (const [j, x] of theirs.entries())
        assert.ok(Math.abs(x - ours[j]!) <= 1e-5 * largest, `element ${j}: ${x} there, ${ours[j]} here`)
    }
  })

function channelsLast(numbers: Float32Array, shape: readonly number[]): Float32Array {
  const [, c, h, w] = shape as [number, number, number, number]
  const plane = h * w
  return numbers.map(
    (_, i) => numbers[(Math.floor(i / (c * plane)) * c + (i % c)) * plane + (Math.floor(i / c) % plane)]!,
  )
}

test('channels of a flipped input come in the opposite order', async () => {
  const material = new Material('flipped', 'f32', 'inputs')
  const map = material.map([2, 3, 2, 2])
  const output = relu(map)
  const numbers = Float32Array.from({ length: 24 }, (_, i) => i)
  const file = path.join(folder, 'flipped.onnx')
  const flipped = onnxGraphOf({
    ...{ name: 'flipped', graph: material.graph, inputs: new Map([[map, 'x']]), outputs: { y: output } },
    ...{ flipped: new Set([map]), batch: 'batch', numbers: () => assert.fail('there are no weights') },
  })
  writeAtomically(file, out =>
    writeModel({ producer: { name: 'test', version: '1' }, description: '', metadata: {}, graph: flipped }, out),
  )
  await using session = await runtime.open(file)
  const got = (await session.run({ x: { shape: [2, 3, 2, 2], data: numbers } })).get('y')!
  assert.deepEqual([...got.subarray(0, 12)], [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3])
})
