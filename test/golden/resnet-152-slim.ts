import { resnet152Slim } from '../../src/networks/resnet-152-slim.js'
import { convolution, norm, plain, tensorNames, times, under } from '../../src/weights/forms/torch.js'
import type { Layers } from '../../src/weights/names.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

/** The layers that convolutions and norms name alike, but for the word. */
const layersNamed = (word: 'conv' | 'bn'): Layers => {
  const body = { a_1x1: `${word}1`, b_3x3: `${word}2`, c_1x1: `${word}3` }
  const project = word === 'conv' ? 'downsample.0' : 'downsample.1'
  const stages = [3, 8, 36, 3].map((units, i) => ({
    ...times(units, `conv${i + 2}`, unit => `layer${i + 1}.${unit}`, body),
    ...under(`conv${i + 2}.0`, `layer${i + 1}.0`, { project }),
  }))
  return Object.assign({ conv1: `${word}1` }, ...stages)
}

const stages: Layers = {
  conv1: 'relu',
  pool1: 'maxpool',
  'conv2.0': 'layer1.0',
  'conv3.0': 'layer2.0',
  'conv4.0': 'layer3.0',
  'conv5.0': 'layer4.0',
  conv5: 'layer4',
  pool: 'avgpool',
  logits: 'fc',
}

export const goldenResnet152Slim: Golden = {
  network: resnet152Slim,
  oracle: readOracle('resnet-152-slim'),
  names: tensorNames([layersNamed('conv'), convolution], [layersNamed('bn'), norm], [{ logits: 'fc' }, plain]),
  stages,
}
