import assert from 'node:assert/strict'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { checkModel } from '../../src/formats/onnx/check.js'
import { encodeModel } from '../../src/formats/onnx/encode.js'
import {
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  tensorOf,
} from '../../src/formats/onnx/model.js'

const window = { kernel_shape: { ints: [3, 3] }, strides: { ints: [2, 2] }, pads: { ints: [0, 0, 1, 1] } }

const nodes: readonly OnnxNode[] = [
  { name: 'conv', opType: 'Conv', inputs: ['x', 'w', 'b'], output: 'c', attributes: { ...window, group: { int: 1 } } },
  { name: 'relu', opType: 'Relu', inputs: ['c'], output: 'r', attributes: {} },
  { name: 'pool', opType: 'GlobalAveragePool', inputs: ['r'], output: 'p', attributes: {} },
  { name: 'flat', opType: 'Flatten', inputs: ['p'], output: 'f', attributes: { axis: { int: 1 } } },
  { name: 'gemm', opType: 'Gemm', inputs: ['f', 'g', 'h'], output: 'y', attributes: { transB: { int: 1 } } },
]

const zeros = (name: string, ...shape: number[]) =>
  tensorOf(name, 'float', shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(0))

const graph: OnnxGraph = {
  name: 'small',
  nodes,
  initializers: [zeros('w', 4, 3, 3, 3), zeros('b', 4), zeros('g', 2, 4), zeros('h', 2)],
  inputs: [{ name: 'x', type: 'float', shape: ['batch', 3, 8, 8] }],
  outputs: [{ name: 'y', type: 'float', shape: ['batch', 2] }],
  values: new Map([['c', { type: 'float', shape: ['batch', 4, 4, 4] }]]),
}

const modelOf = (changed: Partial<OnnxGraph>): OnnxModel => ({
  producer: { name: 'test', version: '1' },
  description: '',
  metadata: {},
  graph: { ...graph, ...changed },
})

/** The graph with one node changed. */
const withNode = (name: string, change: Partial<OnnxNode>): Partial<OnnxGraph> => ({
  nodes: nodes.map(node => (node.name === name ? { ...node, ...change } : node)),
})

test('types are inferred through a model, whose batch stays open', () => {
  const types = checkModel(modelOf({}))
  assert.deepEqual(types.get('c'), { type: 'float', shape: ['batch', 4, 4, 4] })
  assert.deepEqual(types.get('p'), { type: 'float', shape: ['batch', 4, 1, 1] })
  assert.deepEqual(types.get('y'), { type: 'float', shape: ['batch', 2] })
})

const breaches: readonly (readonly [string, Partial<OnnxGraph>, RegExp])[] = [
  ['a value made twice', withNode('relu', { output: 'c' }), /'c' is made twice/],
  [
    'an input that hides a tensor',
    { inputs: [...graph.inputs, { name: 'w', type: 'float', shape: [1] }] },
    /'w' is made twice/,
  ],
  ['a value that nothing makes', withNode('relu', { inputs: ['q'] }), /nothing makes its input 'q' before it/],
  ['a value that is made later', { nodes: [nodes[1]!, nodes[0]!, ...nodes.slice(2)] }, /nothing makes its input 'c'/],
  ['two nodes of one name', withNode('relu', { name: 'conv' }), /name of node 'conv' is not its own/],
  ['a node without name', withNode('relu', { name: '' }), /name of node '' is not its own/],
  ['too few inputs', withNode('gemm', { inputs: ['f', 'g'] }), /it has 2 inputs, and takes 3 to 3/],
  ['an attribute of another operator', withNode('relu', { attributes: { axis: { int: 1 } } }), /no attribute axis/],
  ['an attribute of another kind', withNode('flat', { attributes: { axis: { float: 1 } } }), /axis is not of kind int/],
  ['a missing attribute', withNode('flat', { attributes: {} }), /it has no attribute axis/],
  [
    'weights of other channels',
    { initializers: [zeros('w', 4, 2, 3, 3), ...graph.initializers.slice(1)] },
    /weights for 2·1 channels of 3/,
  ],
  [
    'a window that is not that of the weights',
    withNode('conv', { attributes: { ...window, kernel_shape: { ints: [1, 3] } } }),
    /kernel_shape/,
  ],
  [
    'a bias of another length',
    { initializers: [graph.initializers[0]!, zeros('b', 5), ...graph.initializers.slice(2)] },
    /the bias/,
  ],
  ['an output that nothing makes', { outputs: [{ name: 'z', type: 'float', shape: [1] }] }, /nothing makes 'z'/],
  [
    'an output of another shape',
    { outputs: [{ name: 'y', type: 'float', shape: ['batch', 3] }] },
    /announced as float \[batch, 3\]/,
  ],
  [
    'a value of another shape',
    { values: new Map([['c', { type: 'float', shape: ['batch', 4, 3, 3] }]]) },
    /'c' is float \[batch, 4, 4, 4\]/,
  ],
  ['types that differ', withNode('gemm', { opType: 'Add', inputs: ['f', 'x'], attributes: {} }), /does not broadcast/],
]

for (const [what, change, message] of breaches)
  test(`refused: ${what}`, () => {
    assert.throws(
      () => checkModel(modelOf(change)),
      (error: Error) => error instanceof UserError && message.test(error.message) && !error.message.includes('\n'),
    )
  })

test('a model that no protocol buffer can hold is refused before its numbers are made', () => {
  const huge: OnnxTensor = {
    name: 'huge',
    type: 'float',
    shape: [2 ** 15, 2 ** 14],
    bytes: () => assert.fail('the numbers were made'),
  }
  assert.throws(
    () => encodeModel(modelOf({ initializers: [...graph.initializers, huge] }), []),
    /has at most 2147483647/,
  )
})
