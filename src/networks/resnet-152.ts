import { chain, named, repeat, shortcut } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense } from '../nn/dense.js'
import { type Dimensions, type Network, type Preprocessing, varianceScaling } from '../nn/network.js'
import { globalAvgPool, maxPool } from '../nn/pool.js'

// ResNet-152 (arXiv:1512.03385, table 1) in the form of torchvision and timm, "v1.5": a stage's stride stands on the
// 3×3 convolution of its first unit, where He et al. have it on the 1×1 before. Padding is explicit and symmetric.

// Fig. 5, right
const body = (filters: number, stride: 1 | 2) =>
  chain(conv('1x1', filters), conv('3x3', filters, { pad: 'half', stride }), conv('1x1', 4 * filters, { act: false }))

/** A stage of table 1: its first unit changes size and channels, so its shortcut is a projection. */
const stage = (units: number, filters: number, stride: 1 | 2) =>
  named({
    first: shortcut({ project: conv('1x1', 4 * filters, { pad: 'valid', stride, act: false }) }, body(filters, stride)),
    rest: repeat(units - 1, shortcut({}, body(filters, 1))),
  })

// Table 1, column 152-layer
const network = (d: Dimensions) =>
  named({
    conv1: conv('7x7', 64, { pad: 'half', stride: 2 }), // 112×112×64
    pool1: maxPool('3x3', { pad: 'half', stride: 2 }), // 56×56×64
    conv2: stage(d.blocks.conv2!, 64, 1), // 56×56×256
    conv3: stage(d.blocks.conv3!, 128, 2), // 28×28×512
    conv4: stage(d.blocks.conv4!, 256, 2), // 14×14×1024
    conv5: stage(d.blocks.conv5!, 512, 2), // 7×7×2048
    pool: globalAvgPool,
    logits: dense(d.classes),
  })

/** Pixels minus ImageNet's mean over its deviation, as the released weights were trained with. */
const imagenetPreprocessing: Preprocessing = {
  mean: [123.675, 116.28, 103.53],
  deviation: [58.395, 57.12, 57.375],
  order: 'rgb',
  centralFraction: 0.875,
}

export const resnet152: Network = {
  id: 'resnet-152',
  title: 'ResNet-152',
  source: 'arXiv:1512.03385, table 1, stride on the 3×3 as in torchvision',
  residual: true,
  size: 224,
  blocks: { conv2: 3, conv3: 8, conv4: 36, conv5: 3 },
  epsilon: 1e-5,
  // He et al.'s normal with deviation √(2/fanIn), truncated as slim does for its ResNets
  initial: varianceScaling,
  body: network,
  preprocessing: imagenetPreprocessing,
  published: { top1: 21.67, top5: 5.954, source: 'timm results, torchvision weights, all 50,000 validation images' },
}
