import type { Family } from '../family.js'
import { plain, tensorNames, torchForm, under, unit } from '../forms/torch.js'
import type { Layers } from '../names.js'

const mixed5: Layers = {
  'branch_0.a_1x1': 'branch1x1',
  'branch_1.a_1x1': 'branch5x5_1',
  'branch_1.b_5x5': 'branch5x5_2',
  'branch_2.a_1x1': 'branch3x3dbl_1',
  'branch_2.b_3x3': 'branch3x3dbl_2',
  'branch_2.c_3x3': 'branch3x3dbl_3',
  'branch_3.b_1x1': 'branch_pool',
}
const mixed6: Layers = {
  'branch_0.a_1x1': 'branch1x1',
  'branch_1.a_1x1': 'branch7x7_1',
  'branch_1.b_1x7': 'branch7x7_2',
  'branch_1.c_7x1': 'branch7x7_3',
  'branch_2.a_1x1': 'branch7x7dbl_1',
  'branch_2.b_7x1': 'branch7x7dbl_2',
  'branch_2.c_1x7': 'branch7x7dbl_3',
  'branch_2.d_7x1': 'branch7x7dbl_4',
  'branch_2.e_1x7': 'branch7x7dbl_5',
  'branch_3.b_1x1': 'branch_pool',
}
const mixed7: Layers = {
  'branch_0.a_1x1': 'branch1x1',
  'branch_1.a_1x1': 'branch3x3_1',
  'branch_1.b_fork.branch_0.a_1x3': 'branch3x3_2a',
  'branch_1.b_fork.branch_1.a_3x1': 'branch3x3_2b',
  'branch_2.a_1x1': 'branch3x3dbl_1',
  'branch_2.b_3x3': 'branch3x3dbl_2',
  'branch_2.c_fork.branch_0.a_1x3': 'branch3x3dbl_3a',
  'branch_2.c_fork.branch_1.a_3x1': 'branch3x3dbl_3b',
  'branch_3.b_1x1': 'branch_pool',
}

const units: Layers = {
  'stem.conv_1a': 'Conv2d_1a_3x3',
  'stem.conv_2a': 'Conv2d_2a_3x3',
  'stem.conv_2b': 'Conv2d_2b_3x3',
  'stem.conv_3b': 'Conv2d_3b_1x1',
  'stem.conv_4a': 'Conv2d_4a_3x3',
  ...under('mixed_5b', 'Mixed_5b', mixed5),
  ...under('mixed_5c', 'Mixed_5c', mixed5),
  ...under('mixed_5d', 'Mixed_5d', mixed5),
  ...under('mixed_6a', 'Mixed_6a', {
    'branch_0.a_3x3': 'branch3x3',
    'branch_1.a_1x1': 'branch3x3dbl_1',
    'branch_1.b_3x3': 'branch3x3dbl_2',
    'branch_1.c_3x3': 'branch3x3dbl_3',
  }),
  ...under('mixed_6b', 'Mixed_6b', mixed6),
  ...under('mixed_6c', 'Mixed_6c', mixed6),
  ...under('mixed_6d', 'Mixed_6d', mixed6),
  ...under('mixed_6e', 'Mixed_6e', mixed6),
  ...under('mixed_7a', 'Mixed_7a', {
    'branch_0.a_1x1': 'branch3x3_1',
    'branch_0.b_3x3': 'branch3x3_2',
    'branch_1.a_1x1': 'branch7x7x3_1',
    'branch_1.b_1x7': 'branch7x7x3_2',
    'branch_1.c_7x1': 'branch7x7x3_3',
    'branch_1.d_3x3': 'branch7x7x3_4',
  }),
  ...under('mixed_7b', 'Mixed_7b', mixed7),
  ...under('mixed_7c', 'Mixed_7c', mixed7),
}

const head: Layers = { conv_1b: 'conv0', conv_2a: 'conv1' }

const inceptionV3 = {
  form: torchForm,
  network: 'inception-v3-torch',
  title: 'inception_v3',
  names: tensorNames([units, unit], [{ logits: 'fc' }, plain]),
  auxiliary: tensorNames(
    [under('auxiliary', 'AuxLogits', head), unit],
    [{ 'auxiliary.logits': 'AuxLogits.fc' }, plain],
  ),
} as const

/** With torchvision's auxiliary head, which its own weights have. */
export const torchInceptionV3: Family = {
  ...inceptionV3,
  library: 'torch',
  source: 'torchvision/models/inception.py, Inception_V3_Weights.IMAGENET1K_V1: short side 342, bilinear',
  crop: { name: 'torchvision', fraction: 0.875 },
}

/** timm's `tf_in1k`, `tf_adv_in1k` and `tv_in1k`; `gluon_in1k` has other means and deviations of pixels. */
export const timmInceptionV3: Family = {
  ...inceptionV3,
  library: 'timm',
  source: 'timm/models/inception_v3.py: short side 341, bicubic',
  crop: { name: 'timm', fraction: 0.875 },
}
