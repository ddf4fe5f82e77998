import type { Family } from '../family.js'
import { plain, tensorNames, times, torchForm, under, unit } from '../forms/torch.js'
import type { Layers } from '../names.js'

const resnetA: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_3x3': 'branch1.1',
  'branch_2.a_1x1': 'branch2.0',
  'branch_2.b_3x3': 'branch2.1',
  'branch_2.c_3x3': 'branch2.2',
}
const resnetB: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_1x7': 'branch1.1',
  'branch_1.c_7x1': 'branch1.2',
}
const resnetC: Layers = {
  'branch_0.a_1x1': 'branch0',
  'branch_1.a_1x1': 'branch1.0',
  'branch_1.b_1x3': 'branch1.1',
  'branch_1.c_3x1': 'branch1.2',
}

/** The linear convolutions at the end of the residual blocks, which have a bias and no norm. */
const expand: Layers = { expand: 'conv2d' }

const units: Layers = {
  'stem.conv_1a': 'conv2d_1a',
  'stem.conv_2a': 'conv2d_2a',
  'stem.conv_2b': 'conv2d_2b',
  'stem.conv_3b': 'conv2d_3b',
  'stem.conv_4a': 'conv2d_4a',
  ...under('mixed_5b', 'mixed_5b', {
    'branch_0.a_1x1': 'branch0',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_5x5': 'branch1.1',
    'branch_2.a_1x1': 'branch2.0',
    'branch_2.b_3x3': 'branch2.1',
    'branch_2.c_3x3': 'branch2.2',
    'branch_3.b_1x1': 'branch3.1',
  }),
  ...times(10, 'resnet_a', i => `repeat.${i}`, resnetA),
  ...under('reduction_a', 'mixed_6a', {
    'branch_0.a_3x3': 'branch0',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_3x3': 'branch1.1',
    'branch_1.c_3x3': 'branch1.2',
  }),
  ...times(20, 'resnet_b', i => `repeat_1.${i}`, resnetB),
  ...under('reduction_b', 'mixed_7a', {
    'branch_0.a_1x1': 'branch0.0',
    'branch_0.b_3x3': 'branch0.1',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_3x3': 'branch1.1',
    'branch_2.a_1x1': 'branch2.0',
    'branch_2.b_3x3': 'branch2.1',
    'branch_2.c_3x3': 'branch2.2',
  }),
  ...times(9, 'resnet_c', i => `repeat_2.${i}`, resnetC),
  ...under('resnet_c_last', 'block8', resnetC),
  conv_7b: 'conv2d_7b',
}

const plains: Layers = {
  ...times(10, 'resnet_a', i => `repeat.${i}`, expand),
  ...times(20, 'resnet_b', i => `repeat_1.${i}`, expand),
  ...times(9, 'resnet_c', i => `repeat_2.${i}`, expand),
  ...under('resnet_c_last', 'block8', expand),
  logits: 'classif',
}

/** The released network; the one of the paper's tables was never released. */
export const timmInceptionResnetV2: Family = {
  library: 'timm',
  form: torchForm,
  network: 'inception-resnet-v2-slim',
  title: 'inception_resnet_v2',
  source: "timm/models/inception_resnet_v2.py; Cadene's inceptionresnetv2.py",
  names: tensorNames([units, unit], [plains, plain]),
  renamed: { 'last_linear.': 'classif.' },
  crop: { name: 'timm', fraction: 0.8975 },
}
