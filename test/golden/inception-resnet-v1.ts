import { inceptionResnetV1 } from '../../src/networks/inception-resnet-v1.js'
import { plain, tensorNames, times, unit } from '../../src/weights/forms/torch.js'
import type { Layers } from '../../src/weights/names.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

// The file counts branches from the left and layers from the input up; its C blocks have the kernels of B, 3 for 7.

const resnetA: Layers = {
  'branch_0.a_1x1': 'branch0.0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_3x3': 'branch1.1',
  'branch_2.a_1x1': 'branch2.0',
  'branch_2.b_3x3': 'branch2.1',
  'branch_2.c_3x3': 'branch2.2',
}
const resnetB: Layers = {
  'branch_0.a_1x1': 'branch0.0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_1x7': 'branch1.1',
  'branch_1.c_7x1': 'branch1.2',
}
const resnetC: Layers = {
  'branch_0.a_1x1': 'branch0.0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_1x3': 'branch1.1',
  'branch_1.c_3x1': 'branch1.2',
}

const units: Layers = {
  'stem.conv_1a': 'stem.conv0',
  'stem.conv_2a': 'stem.conv1',
  'stem.conv_2b': 'stem.conv2',
  'stem.conv_3b': 'stem.conv3',
  'stem.conv_4a': 'stem.conv4',
  'stem.conv_4b': 'stem.conv5',
  ...times(5, 'resnet_a', i => `a.${i}`, resnetA),
  'reduction_a.branch_0.a_3x3': 'reduction_a.branch0.0',
  'reduction_a.branch_1.a_1x1': 'reduction_a.branch1.0',
  'reduction_a.branch_1.b_3x3': 'reduction_a.branch1.1',
  'reduction_a.branch_1.c_3x3': 'reduction_a.branch1.2',
  ...times(10, 'resnet_b', i => `b.${i}`, resnetB),
  'reduction_b.branch_0.a_1x1': 'reduction_b.branch0.0',
  'reduction_b.branch_0.b_3x3': 'reduction_b.branch0.1',
  'reduction_b.branch_1.a_1x1': 'reduction_b.branch1.0',
  'reduction_b.branch_1.b_3x3': 'reduction_b.branch1.1',
  'reduction_b.branch_2.a_1x1': 'reduction_b.branch2.0',
  'reduction_b.branch_2.b_3x3': 'reduction_b.branch2.1',
  'reduction_b.branch_2.c_3x3': 'reduction_b.branch2.2',
  ...times(5, 'resnet_c', i => `c.${i}`, resnetC),
}

const plains: Layers = {
  ...times(5, 'resnet_a', i => `a.${i}`, { expand: 'expand' }),
  ...times(10, 'resnet_b', i => `b.${i}`, { expand: 'expand' }),
  ...times(5, 'resnet_c', i => `c.${i}`, { expand: 'expand' }),
  logits: 'fc',
}

/** A stage's blocks and its result. */
const repeated = (n: number, ours: string, theirs: string): Layers => ({
  ...Object.fromEntries(Array.from({ length: n }, (_, i) => [`${ours}.${i}`, `${theirs}.${i}`])),
  [ours]: theirs,
})

const stages: Layers = {
  stem: 'stem',
  ...repeated(5, 'resnet_a', 'a'),
  reduction_a: 'reduction_a',
  ...repeated(10, 'resnet_b', 'b'),
  reduction_b: 'reduction_b',
  ...repeated(5, 'resnet_c', 'c'),
  pool: 'pool',
  drop: 'dropout',
  logits: 'fc',
}

export const goldenInceptionResnetV1: Golden = {
  network: inceptionResnetV1,
  oracle: readOracle('inception-resnet-v1'),
  names: tensorNames([units, unit], [plains, plain]),
  stages,
}
