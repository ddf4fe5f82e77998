import { inceptionV4 } from '../../src/networks/inception-v4.js'
import type { Golden } from './golden.js'
import { type Layers, tensorNames, under } from './names.js'
import { readOracle } from './oracle.js'

// timm numbers the stages of Inception-v4 features.0 … features.21.

const inceptionA: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_3x3': 'branch1.1',
  'branch_2.a_1x1': 'branch2.0',
  'branch_2.b_3x3': 'branch2.1',
  'branch_2.c_3x3': 'branch2.2',
  'branch_3.b_1x1': 'branch3.1',
}
const inceptionB: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_1x7': 'branch1.1',
  'branch_1.c_7x1': 'branch1.2',
  'branch_2.a_1x1': 'branch2.0',
  'branch_2.b_7x1': 'branch2.1',
  'branch_2.c_1x7': 'branch2.2',
  'branch_2.d_7x1': 'branch2.3',
  'branch_2.e_1x7': 'branch2.4',
  'branch_3.b_1x1': 'branch3.1',
}
const inceptionC: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1_0',
  'branch_1.b_fork.branch_0.a_1x3': 'branch1_1a',
  'branch_1.b_fork.branch_1.a_3x1': 'branch1_1b',
  'branch_2.a_1x1': 'branch2_0',
  'branch_2.b_3x1': 'branch2_1',
  'branch_2.c_1x3': 'branch2_2',
  'branch_2.d_fork.branch_0.a_1x3': 'branch2_3a',
  'branch_2.d_fork.branch_1.a_3x1': 'branch2_3b',
  'branch_3.b_1x1': 'branch3.1',
}

const units: Layers = {
  'stem.conv_1a': 'features.0',
  'stem.conv_2a': 'features.1',
  'stem.conv_2b': 'features.2',
  'stem.mixed_3a.branch_1.a_3x3': 'features.3.conv',
  'stem.mixed_4a.branch_0.a_1x1': 'features.4.branch0.0',
  'stem.mixed_4a.branch_0.b_3x3': 'features.4.branch0.1',
  'stem.mixed_4a.branch_1.a_1x1': 'features.4.branch1.0',
  'stem.mixed_4a.branch_1.b_1x7': 'features.4.branch1.1',
  'stem.mixed_4a.branch_1.c_7x1': 'features.4.branch1.2',
  'stem.mixed_4a.branch_1.d_3x3': 'features.4.branch1.3',
  'stem.mixed_5a.branch_0.a_3x3': 'features.5.conv',
  ...under('inception_a.0', 'features.6', inceptionA),
  ...under('inception_a.1', 'features.7', inceptionA),
  ...under('inception_a.2', 'features.8', inceptionA),
  ...under('inception_a.3', 'features.9', inceptionA),
  'reduction_a.branch_0.a_3x3': 'features.10.branch0',
  'reduction_a.branch_1.a_1x1': 'features.10.branch1.0',
  'reduction_a.branch_1.b_3x3': 'features.10.branch1.1',
  'reduction_a.branch_1.c_3x3': 'features.10.branch1.2',
  ...under('inception_b.0', 'features.11', inceptionB),
  ...under('inception_b.1', 'features.12', inceptionB),
  ...under('inception_b.2', 'features.13', inceptionB),
  ...under('inception_b.3', 'features.14', inceptionB),
  ...under('inception_b.4', 'features.15', inceptionB),
  ...under('inception_b.5', 'features.16', inceptionB),
  ...under('inception_b.6', 'features.17', inceptionB),
  'reduction_b.branch_0.a_1x1': 'features.18.branch0.0',
  'reduction_b.branch_0.b_3x3': 'features.18.branch0.1',
  'reduction_b.branch_1.a_1x1': 'features.18.branch1.0',
  'reduction_b.branch_1.b_1x7': 'features.18.branch1.1',
  'reduction_b.branch_1.c_7x1': 'features.18.branch1.2',
  'reduction_b.branch_1.d_3x3': 'features.18.branch1.3',
  ...under('inception_c.0', 'features.19', inceptionC),
  ...under('inception_c.1', 'features.20', inceptionC),
  ...under('inception_c.2', 'features.21', inceptionC),
}

const stages: Layers = {
  'stem.conv_1a': 'features.0',
  'stem.conv_2a': 'features.1',
  'stem.conv_2b': 'features.2',
  'stem.mixed_3a': 'features.3',
  'stem.mixed_4a': 'features.4',
  'stem.mixed_5a': 'features.5',
  'inception_a.0': 'features.6',
  'inception_a.1': 'features.7',
  'inception_a.2': 'features.8',
  'inception_a.3': 'features.9',
  reduction_a: 'features.10',
  'inception_b.0': 'features.11',
  'inception_b.1': 'features.12',
  'inception_b.2': 'features.13',
  'inception_b.3': 'features.14',
  'inception_b.4': 'features.15',
  'inception_b.5': 'features.16',
  'inception_b.6': 'features.17',
  reduction_b: 'features.18',
  'inception_c.0': 'features.19',
  'inception_c.1': 'features.20',
  'inception_c.2': 'features.21',
  inception_c: 'features',
  pool: 'global_pool',
  drop: 'head_drop',
  logits: 'last_linear',
}

export const goldenInceptionV4: Golden = {
  network: inceptionV4,
  oracle: readOracle('inception-v4'),
  names: tensorNames(units, { logits: 'last_linear' }),
  stages,
}
