import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, under, unit } from '../forms/tensorflow.js'
import { depthwise, pointwise } from '../layout.js'
import type { Layers } from '../names.js'

const mixed: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
  'branch_2.c_3x3': 'Branch_2/Conv2d_0c_3x3',
  'branch_3.b_1x1': 'Branch_3/Conv2d_0b_1x1',
}
const reduction: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
  'branch_0.b_3x3': 'Branch_0/Conv2d_1a_3x3',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
  'branch_1.c_3x3': 'Branch_1/Conv2d_1a_3x3',
}

const units: Layers = {
  conv_2b: 'InceptionV2/Conv2d_2b_1x1',
  conv_2c: 'InceptionV2/Conv2d_2c_3x3',
  ...under('mixed_3b', 'InceptionV2/Mixed_3b', mixed),
  ...under('mixed_3c', 'InceptionV2/Mixed_3c', mixed),
  ...under('mixed_4a', 'InceptionV2/Mixed_4a', reduction),
  ...under('mixed_4b', 'InceptionV2/Mixed_4b', mixed),
  ...under('mixed_4c', 'InceptionV2/Mixed_4c', mixed),
  ...under('mixed_4d', 'InceptionV2/Mixed_4d', mixed),
  ...under('mixed_4e', 'InceptionV2/Mixed_4e', mixed),
  ...under('mixed_5a', 'InceptionV2/Mixed_5a', reduction),
  ...under('mixed_5b', 'InceptionV2/Mixed_5b', mixed),
  ...under('mixed_5c', 'InceptionV2/Mixed_5c', mixed),
}

/** The separable first layer is one layer there and two here. */
const separable: Layers = {
  'a_7x7.weights': 'depthwise_weights',
  'b_1x1.weights': 'pointwise_weights',
  'b_1x1.bias': 'biases',
}

export const slimInceptionV2: Family = {
  library: 'slim',
  form: tensorflowForm,
  network: 'bn-inception',
  title: 'inception_v2',
  source: 'tensorflow/models research/slim/nets/inception_v2.py, preprocessing/inception_preprocessing.py',
  names: tensorNames(
    [{ conv_1a: 'InceptionV2/Conv2d_1a_7x7' }, separable],
    [units, unit],
    [{ logits: 'InceptionV2/Logits/Conv2d_1c_1x1' }, plain],
  ),
  layouts: { 'conv_1a.a_7x7.weights': depthwise(8), 'logits.weights': pointwise },
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
