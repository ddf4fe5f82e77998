import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, under, unit } from '../forms/tensorflow.js'
import type { Layers } from '../names.js'

// The first release of Inception-v3, from tensorflow/models research/inception. The convolutions of a branch have no names
// of their own there: TensorFlow calls them Conv, Conv_1, Conv_2 … in the order in which they are made, and the halves of
// a fork one after the other.

const mixed5: Layers = {
  'branch_0.a_1x1': 'branch1x1/Conv',
  'branch_1.a_1x1': 'branch5x5/Conv',
  'branch_1.b_5x5': 'branch5x5/Conv_1',
  'branch_2.a_1x1': 'branch3x3dbl/Conv',
  'branch_2.b_3x3': 'branch3x3dbl/Conv_1',
  'branch_2.c_3x3': 'branch3x3dbl/Conv_2',
  'branch_3.b_1x1': 'branch_pool/Conv',
}
const mixed6: Layers = {
  'branch_0.a_1x1': 'branch1x1/Conv',
  'branch_1.a_1x1': 'branch7x7/Conv',
  'branch_1.b_1x7': 'branch7x7/Conv_1',
  'branch_1.c_7x1': 'branch7x7/Conv_2',
  'branch_2.a_1x1': 'branch7x7dbl/Conv',
  'branch_2.b_7x1': 'branch7x7dbl/Conv_1',
  'branch_2.c_1x7': 'branch7x7dbl/Conv_2',
  'branch_2.d_7x1': 'branch7x7dbl/Conv_3',
  'branch_2.e_1x7': 'branch7x7dbl/Conv_4',
  'branch_3.b_1x1': 'branch_pool/Conv',
}
const mixed7: Layers = {
  'branch_0.a_1x1': 'branch1x1/Conv',
  'branch_1.a_1x1': 'branch3x3/Conv',
  'branch_1.b_fork.branch_0.a_1x3': 'branch3x3/Conv_1',
  'branch_1.b_fork.branch_1.a_3x1': 'branch3x3/Conv_2',
  'branch_2.a_1x1': 'branch3x3dbl/Conv',
  'branch_2.b_3x3': 'branch3x3dbl/Conv_1',
  'branch_2.c_fork.branch_0.a_1x3': 'branch3x3dbl/Conv_2',
  'branch_2.c_fork.branch_1.a_3x1': 'branch3x3dbl/Conv_3',
  'branch_3.b_1x1': 'branch_pool/Conv',
}

const units: Layers = {
  'stem.conv_1a': 'conv0',
  'stem.conv_2a': 'conv1',
  'stem.conv_2b': 'conv2',
  'stem.conv_3b': 'conv3',
  'stem.conv_4a': 'conv4',
  ...under('mixed_5b', 'mixed_35x35x256a', mixed5),
  ...under('mixed_5c', 'mixed_35x35x288a', mixed5),
  ...under('mixed_5d', 'mixed_35x35x288b', mixed5),
  ...under('mixed_6a', 'mixed_17x17x768a', {
    'branch_0.a_3x3': 'branch3x3/Conv',
    'branch_1.a_1x1': 'branch3x3dbl/Conv',
    'branch_1.b_3x3': 'branch3x3dbl/Conv_1',
    'branch_1.c_3x3': 'branch3x3dbl/Conv_2',
  }),
  ...under('mixed_6b', 'mixed_17x17x768b', mixed6),
  ...under('mixed_6c', 'mixed_17x17x768c', mixed6),
  ...under('mixed_6d', 'mixed_17x17x768d', mixed6),
  ...under('mixed_6e', 'mixed_17x17x768e', mixed6),
  // 8×8 in fact; the name was kept for the sake of older checkpoints.
  ...under('mixed_7a', 'mixed_17x17x1280a', {
    'branch_0.a_1x1': 'branch3x3/Conv',
    'branch_0.b_3x3': 'branch3x3/Conv_1',
    'branch_1.a_1x1': 'branch7x7x3/Conv',
    'branch_1.b_1x7': 'branch7x7x3/Conv_1',
    'branch_1.c_7x1': 'branch7x7x3/Conv_2',
    'branch_1.d_3x3': 'branch7x7x3/Conv_3',
  }),
  ...under('mixed_7b', 'mixed_8x8x2048a', mixed7),
  ...under('mixed_7c', 'mixed_8x8x2048b', mixed7),
}

const head: Layers = { 'auxiliary.conv_1b': 'aux_logits/proj', 'auxiliary.conv_2a': 'aux_logits/Conv' }

/** Saved in training, with running averages of every parameter and statistic, by which it was evaluated. */
export const slimInceptionV3Of2016March: Family = {
  library: 'slim',
  form: tensorflowForm,
  network: 'inception-v3',
  title: 'inception_v3 of 2016-03-01',
  source: 'tensorflow/models research/inception: slim/inception_model.py, inception_train.py, image_processing.py',
  names: tensorNames([units, unit], [{ logits: 'logits/logits' }, plain]),
  auxiliary: tensorNames([head, unit], [{ 'auxiliary.logits': 'aux_logits/FC' }, plain]),
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
