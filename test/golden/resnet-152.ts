import { resnet152 } from '../../src/networks/resnet-152.js'
import type { Layers } from '../../src/weights/names.js'
import { torchResnet152 } from '../../src/weights/torch/resnet-152.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const stages: Layers = {
  conv1: 'relu',
  pool1: 'maxpool',
  'conv2.first': 'layer1.0',
  conv2: 'layer1',
  'conv3.first': 'layer2.0',
  conv3: 'layer2',
  'conv4.first': 'layer3.0',
  conv4: 'layer3',
  'conv5.first': 'layer4.0',
  conv5: 'layer4',
  pool: 'avgpool',
  logits: 'fc',
}

export const goldenResnet152: Golden = {
  network: resnet152,
  oracle: readOracle('resnet-152'),
  names: torchResnet152.names,
  stages,
}
