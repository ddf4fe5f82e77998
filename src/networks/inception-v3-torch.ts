import type { Network } from '../nn/network.js'
import { avgPool } from '../nn/pool.js'
import { bodyWith, inceptionV3 } from './inception-v3.js'

/**
 * Inception-v3 as in torchvision and timm: the average pools inside its blocks count the padding in their divisor, which
 * slim's do not, so weights of one give other numbers in the other. torchvision scales pixels by ImageNet's mean and
 * deviation and then back (`transform_input`); together that is x/127.5 − 1, as everywhere in this family.
 */
export const inceptionV3Torch: Network = {
  ...inceptionV3,
  id: 'inception-v3-torch',
  formOf: 'inception-v3',
  title: 'Inception-v3 (torchvision)',
  source: 'torchvision inception.py; arXiv:1512.00567 but for the padding of average pools',
  body: bodyWith(avgPool('3x3', { includePadding: true })),
  published: { top1: 22.528, top5: 6.532, source: 'timm results, torchvision weights, all 50,000 validation images' },
}
