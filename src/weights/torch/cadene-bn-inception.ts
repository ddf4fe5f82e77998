import type { Family } from '../family.js'
import { norm, plain, tensorNames, torchForm } from '../forms/torch.js'
import type { Layers } from '../names.js'

/** The last names of the layers of a block, by their place in it; a reduction has no first branch. */
const whole = {
  'branch_0.a_1x1': '1x1',
  'branch_1.a_1x1': '3x3_reduce',
  'branch_1.b_3x3': '3x3',
  'branch_2.a_1x1': 'double_3x3_reduce',
  'branch_2.b_3x3': 'double_3x3_1',
  'branch_2.c_3x3': 'double_3x3_2',
  'branch_3.b_1x1': 'pool_proj',
} satisfies Layers
const reduction: Layers = {
  'branch_0.a_1x1': '3x3_reduce',
  'branch_0.b_3x3': '3x3',
  'branch_1.a_1x1': 'double_3x3_reduce',
  'branch_1.b_3x3': 'double_3x3_1',
  'branch_1.c_3x3': 'double_3x3_2',
}

const blocks: Readonly<Record<string, Layers>> = {
  inception_3a: whole,
  inception_3b: whole,
  inception_3c: reduction,
  inception_4a: whole,
  inception_4b: whole,
  inception_4c: whole,
  inception_4d: whole,
  inception_4e: reduction,
  inception_5a: whole,
  inception_5b: whole,
}

const convolutions: Layers = {
  conv1: 'conv1_7x7_s2',
  conv2_reduce: 'conv2_3x3_reduce',
  conv2: 'conv2_3x3',
  ...Object.fromEntries(
    Object.entries(blocks).flatMap(([block, layers]) =>
      Object.entries(layers).map(([ours, theirs]) => [`${block}.${ours}`, `${block}_${theirs}`]),
    ),
  ),
}

const norms: Layers = Object.fromEntries(Object.entries(convolutions).map(([ours, theirs]) => [ours, `${theirs}_bn`]))

/** Caffe's weights in PyTorch; pixels go in as they are, blue first. */
export const cadeneBnInception: Family = {
  library: 'timm',
  form: torchForm,
  network: 'bn-inception-caffe',
  title: 'bninception, by Cadene',
  retired: true,
  source: 'Cadene/pretrained-models.pytorch pretrainedmodels/models/bninception.py: short side 256, bilinear',
  names: tensorNames([{ ...convolutions, logits: 'last_linear' }, plain], [norms, norm]),
  crop: { name: 'torchvision', fraction: 0.875 },
}
