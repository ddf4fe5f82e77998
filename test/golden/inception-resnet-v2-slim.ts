import { inceptionResnetV2Slim } from '../../src/networks/inception-resnet-v2-slim.js'
import type { Layers } from '../../src/weights/names.js'
import { timmInceptionResnetV2 } from '../../src/weights/torch/timm-inception-resnet-v2.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const stages: Layers = {
  'stem.conv_1a': 'conv2d_1a',
  'stem.conv_2a': 'conv2d_2a',
  'stem.conv_2b': 'conv2d_2b',
  'stem.pool_3a': 'maxpool_3a',
  'stem.conv_3b': 'conv2d_3b',
  'stem.conv_4a': 'conv2d_4a',
  stem: 'maxpool_5a',
  mixed_5b: 'mixed_5b',
  'resnet_a.0': 'repeat.0',
  resnet_a: 'repeat',
  reduction_a: 'mixed_6a',
  'resnet_b.19': 'repeat_1.19',
  resnet_b: 'repeat_1',
  reduction_b: 'mixed_7a',
  resnet_c: 'repeat_2',
  resnet_c_last: 'block8',
  conv_7b: 'conv2d_7b',
  pool: 'global_pool',
  logits: 'classif',
}

export const goldenInceptionResnetV2Slim: Golden = {
  network: inceptionResnetV2Slim,
  oracle: readOracle('inception-resnet-v2-slim'),
  names: timmInceptionResnetV2.names,
  stages,
}
