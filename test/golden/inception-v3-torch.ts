import { inceptionV3Torch } from '../../src/networks/inception-v3-torch.js'
import type { Layers } from '../../src/weights/names.js'
import { timmInceptionV3 } from '../../src/weights/torch/inception-v3.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const stages: Layers = {
  'stem.conv_1a': 'Conv2d_1a_3x3',
  'stem.conv_2a': 'Conv2d_2a_3x3',
  'stem.conv_2b': 'Conv2d_2b_3x3',
  'stem.pool_3a': 'maxpool1',
  'stem.conv_3b': 'Conv2d_3b_1x1',
  'stem.conv_4a': 'Conv2d_4a_3x3',
  stem: 'maxpool2',
  mixed_5b: 'Mixed_5b',
  mixed_5c: 'Mixed_5c',
  mixed_5d: 'Mixed_5d',
  mixed_6a: 'Mixed_6a',
  mixed_6b: 'Mixed_6b',
  mixed_6c: 'Mixed_6c',
  mixed_6d: 'Mixed_6d',
  mixed_6e: 'Mixed_6e',
  mixed_7a: 'Mixed_7a',
  mixed_7b: 'Mixed_7b',
  mixed_7c: 'Mixed_7c',
  pool: 'avgpool',
  drop: 'dropout',
  logits: 'fc',
}

export const goldenInceptionV3Torch: Golden = {
  network: inceptionV3Torch,
  oracle: readOracle('inception-v3-torch'),
  names: timmInceptionV3.names,
  stages,
}
