import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, times, under, unit } from '../forms/tensorflow.js'
import type { Layers } from '../names.js'

const resnetA: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
  'branch_2.c_3x3': 'Branch_2/Conv2d_0c_3x3',
}
const resnetB: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_1x7': 'Branch_1/Conv2d_0b_1x7',
  'branch_1.c_7x1': 'Branch_1/Conv2d_0c_7x1',
}
const resnetC: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_1x3': 'Branch_1/Conv2d_0b_1x3',
  'branch_1.c_3x1': 'Branch_1/Conv2d_0c_3x1',
}

/** The linear convolutions at the end of the residual blocks; a first branch's layer has the same last name. */
const expand: Layers = { expand: 'Conv2d_1x1' }

const block35 = (i: number) => `InceptionResnetV2/Repeat/block35_${i + 1}`
const block17 = (i: number) => `InceptionResnetV2/Repeat_1/block17_${i + 1}`
const block8 = (i: number) => `InceptionResnetV2/Repeat_2/block8_${i + 1}`

const units: Layers = {
  'stem.conv_1a': 'InceptionResnetV2/Conv2d_1a_3x3',
  'stem.conv_2a': 'InceptionResnetV2/Conv2d_2a_3x3',
  'stem.conv_2b': 'InceptionResnetV2/Conv2d_2b_3x3',
  'stem.conv_3b': 'InceptionResnetV2/Conv2d_3b_1x1',
  'stem.conv_4a': 'InceptionResnetV2/Conv2d_4a_3x3',
  ...under('mixed_5b', 'InceptionResnetV2/Mixed_5b', {
    'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_5x5': 'Branch_1/Conv2d_0b_5x5',
    'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
    'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
    'branch_2.c_3x3': 'Branch_2/Conv2d_0c_3x3',
    'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
  }),
  ...times(10, 'resnet_a', block35, resnetA),
  ...under('reduction_a', 'InceptionResnetV2/Mixed_6a', {
    'branch_0.a_3x3': 'Branch_0/Conv2d_1a_3x3',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
    'branch_1.c_3x3': 'Branch_1/Conv2d_1a_3x3',
  }),
  ...times(20, 'resnet_b', block17, resnetB),
  ...under('reduction_b', 'InceptionResnetV2/Mixed_7a', {
    'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
    'branch_0.b_3x3': 'Branch_0/Conv2d_1a_3x3',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_3x3': 'Branch_1/Conv2d_1a_3x3',
    'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
    'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
    'branch_2.c_3x3': 'Branch_2/Conv2d_1a_3x3',
  }),
  ...times(9, 'resnet_c', block8, resnetC),
  ...under('resnet_c_last', 'InceptionResnetV2/Block8', resnetC),
  conv_7b: 'InceptionResnetV2/Conv2d_7b_1x1',
}

const plains: Layers = {
  ...times(10, 'resnet_a', block35, expand),
  ...times(20, 'resnet_b', block17, expand),
  ...times(9, 'resnet_c', block8, expand),
  ...under('resnet_c_last', 'InceptionResnetV2/Block8', expand),
  logits: 'InceptionResnetV2/Logits/Logits',
}

const head: Layers = {
  'auxiliary.conv_1b': 'InceptionResnetV2/AuxLogits/Conv2d_1b_1x1',
  'auxiliary.conv_2a': 'InceptionResnetV2/AuxLogits/Conv2d_2a_5x5',
}

/** The release of 2016-08-30, and the adversarially trained one of 2017-08-18. */
export const slimInceptionResnetV2: Family = {
  library: 'slim',
  form: tensorflowForm,
  network: 'inception-resnet-v2-slim',
  title: 'inception_resnet_v2',
  source: 'tensorflow/models research/slim/nets/inception_resnet_v2.py, preprocessing/inception_preprocessing.py',
  names: tensorNames([units, unit], [plains, plain]),
  auxiliary: tensorNames([head, unit], [{ 'auxiliary.logits': 'InceptionResnetV2/AuxLogits/Logits' }, plain]),
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
