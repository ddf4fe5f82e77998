import { inceptionResnetV1Facenet } from '../../src/networks/inception-resnet-v1-facenet.js'
import { facenetPytorch } from '../../src/weights/facenet/facenet-pytorch.js'
import type { Layers } from '../../src/weights/names.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const stages: Layers = {
  'stem.conv_1a': 'conv2d_1a',
  'stem.conv_2a': 'conv2d_2a',
  'stem.conv_2b': 'conv2d_2b',
  'stem.pool_3a': 'maxpool_3a',
  'stem.conv_3b': 'conv2d_3b',
  'stem.conv_4a': 'conv2d_4a',
  'stem.conv_4b': 'conv2d_4b',
  resnet_a: 'repeat_1',
  reduction_a: 'mixed_6a',
  resnet_b: 'repeat_2',
  reduction_b: 'mixed_7a',
  resnet_c: 'repeat_3',
  resnet_c_last: 'block8',
  pool: 'avgpool_1a',
  bottleneck: 'last_bn',
}

export const goldenInceptionResnetV1Facenet: Golden = {
  network: inceptionResnetV1Facenet,
  oracle: readOracle('inception-resnet-v1-facenet'),
  names: facenetPytorch.names,
  stages,
}
