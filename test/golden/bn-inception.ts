import { bnInception } from '../../src/networks/bn-inception.js'
import { plain, tensorNames, under, unit } from '../../src/weights/forms/torch.js'
import type { Layers } from '../../src/weights/names.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const mixed: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_3x3': 'branch1.1',
  'branch_2.a_1x1': 'branch2.0',
  'branch_2.b_3x3': 'branch2.1',
  'branch_2.c_3x3': 'branch2.2',
  'branch_3.b_1x1': 'branch3.1',
}
/** What pads a stride is a module of its own in the file. */
const reduction: Layers = {
  'branch_0.a_1x1': 'branch0.0',
  'branch_0.b_3x3': 'branch0.1.1',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_3x3': 'branch1.1',
  'branch_1.c_3x3': 'branch1.2.1',
}

const blocks = ['3b', '3c', '4a', '4b', '4c', '4d', '4e', '5a', '5b', '5c'].map(block => `mixed_${block}`)
const units: Layers = Object.assign(
  { conv_2b: 'conv_2b', conv_2c: 'conv_2c' },
  ...blocks.map(block => under(block, block, block.endsWith('a') ? reduction : mixed)),
)
const separable: Layers = {
  'a_7x7.weights': 'depthwise.weight',
  'b_1x1.weights': 'pointwise.weight',
  'b_1x1.bias': 'pointwise.bias',
}

const stages: Layers = Object.fromEntries(
  ['conv_1a', 'pool_2a', 'conv_2b', 'conv_2c', 'pool_3a', ...blocks, 'pool', 'logits'].map(name => [name, name]),
)

export const goldenBnInception: Golden = {
  network: bnInception,
  oracle: readOracle('bn-inception'),
  names: tensorNames([{ conv_1a: 'conv_1a' }, separable], [units, unit], [{ logits: 'logits' }, plain]),
  stages,
}
