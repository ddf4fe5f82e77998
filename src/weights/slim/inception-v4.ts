import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, times, under, unit } from '../forms/tensorflow.js'
import type { Layers } from '../names.js'

const inceptionA: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
  'branch_2.c_3x3': 'Branch_2/Conv2d_0c_3x3',
  'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
}
const inceptionB: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_1x7': 'Branch_1/Conv2d_0b_1x7',
  'branch_1.c_7x1': 'Branch_1/Conv2d_0c_7x1',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_7x1': 'Branch_2/Conv2d_0b_7x1',
  'branch_2.c_1x7': 'Branch_2/Conv2d_0c_1x7',
  'branch_2.d_7x1': 'Branch_2/Conv2d_0d_7x1',
  'branch_2.e_1x7': 'Branch_2/Conv2d_0e_1x7',
  'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
}
const inceptionC: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_fork.branch_0.a_1x3': 'Branch_1/Conv2d_0b_1x3',
  'branch_1.b_fork.branch_1.a_3x1': 'Branch_1/Conv2d_0c_3x1',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x1': 'Branch_2/Conv2d_0b_3x1',
  'branch_2.c_1x3': 'Branch_2/Conv2d_0c_1x3',
  'branch_2.d_fork.branch_0.a_1x3': 'Branch_2/Conv2d_0d_1x3',
  'branch_2.d_fork.branch_1.a_3x1': 'Branch_2/Conv2d_0e_3x1',
  'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
}
/** The last part of the stem and the second reduction have the same layers. */
const strided: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_0.b_3x3': 'Branch_0/Conv2d_1a_3x3',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_1x7': 'Branch_1/Conv2d_0b_1x7',
  'branch_1.c_7x1': 'Branch_1/Conv2d_0c_7x1',
  'branch_1.d_3x3': 'Branch_1/Conv2d_1a_3x3',
}

const letter = (i: number) => String.fromCharCode(98 + i)

const units: Layers = {
  'stem.conv_1a': 'InceptionV4/Conv2d_1a_3x3',
  'stem.conv_2a': 'InceptionV4/Conv2d_2a_3x3',
  'stem.conv_2b': 'InceptionV4/Conv2d_2b_3x3',
  'stem.mixed_3a.branch_1.a_3x3': 'InceptionV4/Mixed_3a/Branch_1/Conv2d_0a_3x3',
  ...under('stem.mixed_4a', 'InceptionV4/Mixed_4a', strided),
  'stem.mixed_5a.branch_0.a_3x3': 'InceptionV4/Mixed_5a/Branch_0/Conv2d_1a_3x3',
  ...times(4, 'inception_a', i => `InceptionV4/Mixed_5${letter(i)}`, inceptionA),
  ...under('reduction_a', 'InceptionV4/Mixed_6a', {
    'branch_0.a_3x3': 'Branch_0/Conv2d_1a_3x3',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
    'branch_1.c_3x3': 'Branch_1/Conv2d_1a_3x3',
  }),
  ...times(7, 'inception_b', i => `InceptionV4/Mixed_6${letter(i)}`, inceptionB),
  ...under('reduction_b', 'InceptionV4/Mixed_7a', strided),
  ...times(3, 'inception_c', i => `InceptionV4/Mixed_7${letter(i)}`, inceptionC),
}

const head: Layers = {
  'auxiliary.conv_1b': 'InceptionV4/AuxLogits/Conv2d_1b_1x1',
  'auxiliary.conv_2a': 'InceptionV4/AuxLogits/Conv2d_2a',
}

export const slimInceptionV4: Family = {
  library: 'slim',
  form: tensorflowForm,
  network: 'inception-v4',
  title: 'inception_v4',
  source: 'tensorflow/models research/slim/nets/inception_v4.py, preprocessing/inception_preprocessing.py',
  names: tensorNames([units, unit], [{ logits: 'InceptionV4/Logits/Logits' }, plain]),
  auxiliary: tensorNames([head, unit], [{ 'auxiliary.logits': 'InceptionV4/AuxLogits/Aux_logits' }, plain]),
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
