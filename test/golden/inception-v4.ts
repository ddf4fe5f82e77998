import { inceptionV4 } from '../../src/networks/inception-v4.js'
import type { Layers } from '../../src/weights/names.js'
import { timmInceptionV4 } from '../../src/weights/torch/timm-inception-v4.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const stages: Layers = {
  'stem.conv_1a': 'features.0',
  'stem.conv_2a': 'features.1',
  'stem.conv_2b': 'features.2',
  'stem.mixed_3a': 'features.3',
  'stem.mixed_4a': 'features.4',
  'stem.mixed_5a': 'features.5',
  'inception_a.0': 'features.6',
  'inception_a.1': 'features.7',
  'inception_a.2': 'features.8',
  'inception_a.3': 'features.9',
  reduction_a: 'features.10',
  'inception_b.0': 'features.11',
  'inception_b.1': 'features.12',
  'inception_b.2': 'features.13',
  'inception_b.3': 'features.14',
  'inception_b.4': 'features.15',
  'inception_b.5': 'features.16',
  'inception_b.6': 'features.17',
  reduction_b: 'features.18',
  'inception_c.0': 'features.19',
  'inception_c.1': 'features.20',
  'inception_c.2': 'features.21',
  inception_c: 'features',
  pool: 'global_pool',
  drop: 'head_drop',
  logits: 'last_linear',
}

export const goldenInceptionV4: Golden = {
  network: inceptionV4,
  oracle: readOracle('inception-v4'),
  names: timmInceptionV4.names,
  stages,
}
