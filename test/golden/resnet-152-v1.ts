import { resnet152V1 } from '../../src/networks/resnet-152-v1.js'
import { norm, plain, tensorNames } from '../../src/weights/forms/torch.js'
import { layersNamed } from '../../src/weights/torch/resnet-152.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'
import { goldenResnet152 } from './resnet-152.js'

/** torchvision's ResNet-152 changed into Keras': its names, and a bias for every convolution. */
export const goldenResnet152V1: Golden = {
  network: resnet152V1,
  oracle: readOracle('resnet-152-v1'),
  names: tensorNames([{ ...layersNamed('conv'), logits: 'fc' }, plain], [layersNamed('bn'), norm]),
  stages: goldenResnet152.stages,
}
