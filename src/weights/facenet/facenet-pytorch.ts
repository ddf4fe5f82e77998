import type { Family } from '../family.js'
import { convolution, norm, plain, tensorNames, times, torchForm, under, unit } from '../forms/torch.js'
import { dense } from '../layout.js'
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

const repeated = (block35: Layers, block17: Layers, block8: Layers): Layers => ({
  ...times(5, 'resnet_a', i => `repeat_1.${i}`, block35),
  ...times(10, 'resnet_b', i => `repeat_2.${i}`, block17),
  ...times(5, 'resnet_c', i => `repeat_3.${i}`, block8),
  ...under('resnet_c_last', 'block8', block8),
})

const units: Layers = {
  'stem.conv_1a': 'conv2d_1a',
  'stem.conv_2a': 'conv2d_2a',
  'stem.conv_2b': 'conv2d_2b',
  'stem.conv_3b': 'conv2d_3b',
  'stem.conv_4a': 'conv2d_4a',
  'stem.conv_4b': 'conv2d_4b',
  ...repeated(resnetA, resnetB, resnetC),
  ...under('reduction_a', 'mixed_6a', {
    'branch_0.a_3x3': 'branch0',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_3x3': 'branch1.1',
    'branch_1.c_3x3': 'branch1.2',
  }),
  ...under('reduction_b', 'mixed_7a', {
    'branch_0.a_1x1': 'branch0.0',
    'branch_0.b_3x3': 'branch0.1',
    'branch_1.a_1x1': 'branch1.0',
    'branch_1.b_3x3': 'branch1.1',
    'branch_2.a_1x1': 'branch2.0',
    'branch_2.b_3x3': 'branch2.1',
    'branch_2.c_3x3': 'branch2.2',
  }),
}

/** facenet's checkpoints of 2018 in PyTorch: 20180402-114759-vggface2.pt and 20180408-102900-casia-webface.pt. */
export const facenetPytorch: Family = {
  library: 'facenet',
  form: torchForm,
  network: 'inception-resnet-v1-facenet',
  title: 'Inception-ResNet-v1 in PyTorch',
  source: 'timesler/facenet-pytorch models/inception_resnet_v1.py, fixed_image_standardization in models/mtcnn.py',
  names: tensorNames(
    [units, unit],
    [repeated(expand, expand, expand), plain],
    [{ bottleneck: 'last_linear' }, convolution],
    [{ bottleneck: 'last_bn' }, norm],
  ),
  layouts: { 'bottleneck.weights': dense },
  besides: { 'logits.': 'the classifier of the faces it was trained on' },
  crop: { name: 'torchvision', fraction: 1 },
}
