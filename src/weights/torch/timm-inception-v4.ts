import type { Family } from '../family.js'
import { plain, tensorNames, times, torchForm, under, unit } from '../forms/torch.js'
import type { Layers } from '../names.js'

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
  ...times(4, 'inception_a', i => `features.${i + 6}`, inceptionA),
  ...under('reduction_a', 'features.10', {
    'branch_0.a_3x3': 'branch0',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_3x3': 'branch1.1',
    'branch_1.c_3x3': 'branch1.2',
  }),
  ...times(7, 'inception_b', i => `features.${i + 11}`, inceptionB),
  ...under('reduction_b', 'features.18', {
    'branch_0.a_1x1': 'branch0.0',
    'branch_0.b_3x3': 'branch0.1',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_1x7': 'branch1.1',
    'branch_1.c_7x1': 'branch1.2',
    'branch_1.d_3x3': 'branch1.3',
  }),
  ...times(3, 'inception_c', i => `features.${i + 19}`, inceptionC),
}

export const timmInceptionV4: Family = {
  library: 'timm',
  form: torchForm,
  network: 'inception-v4',
  title: 'inception_v4',
  source: "timm/models/inception_v4.py; Cadene's inceptionv4.py",
  names: tensorNames([units, unit], [{ logits: 'last_linear' }, plain]),
  renamed: { 'classif.': 'last_linear.' },
  crop: { name: 'timm', fraction: 0.875 },
}
