import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, under, unit } from '../forms/tensorflow.js'
import { pointwise } from '../layout.js'
import type { Layers } from '../names.js'

const mixed5: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_5x5': 'Branch_1/Conv2d_0b_5x5',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
  'branch_2.c_3x3': 'Branch_2/Conv2d_0c_3x3',
  'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
}
const mixed6: Layers = {
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
/** The second half of the first fork is called after another place in each of the two blocks. */
const mixed7 = (secondOfFork: string): Layers => ({
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_fork.branch_0.a_1x3': 'Branch_1/Conv2d_0b_1x3',
  'branch_1.b_fork.branch_1.a_3x1': `Branch_1/${secondOfFork}`,
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
  'branch_2.c_fork.branch_0.a_1x3': 'Branch_2/Conv2d_0c_1x3',
  'branch_2.c_fork.branch_1.a_3x1': 'Branch_2/Conv2d_0d_3x1',
  'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
})

const units: Layers = {
  'stem.conv_1a': 'InceptionV3/Conv2d_1a_3x3',
  'stem.conv_2a': 'InceptionV3/Conv2d_2a_3x3',
  'stem.conv_2b': 'InceptionV3/Conv2d_2b_3x3',
  'stem.conv_3b': 'InceptionV3/Conv2d_3b_1x1',
  'stem.conv_4a': 'InceptionV3/Conv2d_4a_3x3',
  ...under('mixed_5b', 'InceptionV3/Mixed_5b', mixed5),
  ...under('mixed_5c', 'InceptionV3/Mixed_5c', {
    ...mixed5,
    'branch_1.a_1x1': 'Branch_1/Conv2d_0b_1x1',
    'branch_1.b_5x5': 'Branch_1/Conv_1_0c_5x5',
  }),
  ...under('mixed_5d', 'InceptionV3/Mixed_5d', mixed5),
  // Two 3×3 convolutions are called 1x1.
  ...under('mixed_6a', 'InceptionV3/Mixed_6a', {
    'branch_0.a_3x3': 'Branch_0/Conv2d_1a_1x1',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
    'branch_1.c_3x3': 'Branch_1/Conv2d_1a_1x1',
  }),
  ...under('mixed_6b', 'InceptionV3/Mixed_6b', mixed6),
  ...under('mixed_6c', 'InceptionV3/Mixed_6c', mixed6),
  ...under('mixed_6d', 'InceptionV3/Mixed_6d', mixed6),
  ...under('mixed_6e', 'InceptionV3/Mixed_6e', mixed6),
  ...under('mixed_7a', 'InceptionV3/Mixed_7a', {
    'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
    'branch_0.b_3x3': 'Branch_0/Conv2d_1a_3x3',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_1x7': 'Branch_1/Conv2d_0b_1x7',
    'branch_1.c_7x1': 'Branch_1/Conv2d_0c_7x1',
    'branch_1.d_3x3': 'Branch_1/Conv2d_1a_3x3',
  }),
  ...under('mixed_7b', 'InceptionV3/Mixed_7b', mixed7('Conv2d_0b_3x1')),
  ...under('mixed_7c', 'InceptionV3/Mixed_7c', mixed7('Conv2d_0c_3x1')),
}

const head: Layers = {
  'auxiliary.conv_1b': 'InceptionV3/AuxLogits/Conv2d_1b_1x1',
  'auxiliary.conv_2a': 'InceptionV3/AuxLogits/Conv2d_2a_5x5',
}

/** The release of 2016-08-28, and the adversarially trained ones of 2017-08-18. */
export const slimInceptionV3: Family = {
  library: 'slim',
  form: tensorflowForm,
  network: 'inception-v3',
  title: 'inception_v3',
  source: 'tensorflow/models research/slim/nets/inception_v3.py, preprocessing/inception_preprocessing.py',
  names: tensorNames([units, unit], [{ logits: 'InceptionV3/Logits/Conv2d_1c_1x1' }, plain]),
  auxiliary: tensorNames([head, unit], [{ 'auxiliary.logits': 'InceptionV3/AuxLogits/Conv2d_2b_1x1' }, plain]),
  layouts: { 'logits.weights': pointwise, 'auxiliary.logits.weights': pointwise },
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
