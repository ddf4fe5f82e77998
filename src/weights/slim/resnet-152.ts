import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, times, under, unit } from '../forms/tensorflow.js'
import { pointwise } from '../layout.js'
import type { Layers } from '../names.js'

const body: Layers = { a_1x1: 'conv1', b_3x3: 'conv2', c_1x1: 'conv3' }

/** The units of stage conv2 … conv5 here, block1 … block4 there. */
const stage = (number: number, units: number): Layers => {
  const place = (i: number) => `resnet_v1_152/block${number - 1}/unit_${i + 1}/bottleneck_v1`
  return {
    ...times(units, `conv${number}`, place, body),
    ...under(`conv${number}.0`, place(0), { project: 'shortcut' }),
  }
}

const units: Layers = {
  conv1: 'resnet_v1_152/conv1',
  ...stage(2, 3),
  ...stage(3, 8),
  ...stage(4, 36),
  ...stage(5, 3),
}

/** Made of He et al.'s Caffe weights, so it has a thousand classes and norms with scales. */
export const slimResnet152: Family = {
  library: 'slim',
  form: tensorflowForm,
  network: 'resnet-152-slim',
  title: 'resnet_v1_152',
  source: 'tensorflow/models research/slim/nets/resnet_v1.py, preprocessing/vgg_preprocessing.py',
  names: tensorNames([units, unit], [{ logits: 'resnet_v1_152/logits' }, plain]),
  layouts: { 'logits.weights': pointwise },
  crop: { name: 'vgg', fraction: 0.875 },
}
