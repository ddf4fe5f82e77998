import { chain, named, repeat, shortcut } from '../nn/combine.js'
import { type ConvOptions, conv } from '../nn/conv.js'
import { dense } from '../nn/dense.js'
import { type Dimensions, type Network, varianceScaling } from '../nn/network.js'
import { globalAvgPool, maxPool } from '../nn/pool.js'
import type { Kernel } from '../nn/window.js'

// ResNet-152 (arXiv:1512.03385, table 1) with a stage's stride where He et al. have it, on the 1×1 convolution that opens
// its first unit, in the form of Keras' ResNet152: their weights, a bias besides every norm, an epsilon of its own, and
// symmetric padding before the first pool (Caffe's pads after it only, and rounds up).

/** A convolution of Keras' resnet_common.py: it has a bias although a norm follows. */
const biased = (kernel: Kernel, filters: number, options: ConvOptions = {}) =>
  conv(kernel, filters, { ...options, bias: true })

// Fig. 5, right
const body = (filters: number, stride: 1 | 2) =>
  chain(
    biased('1x1', filters, { pad: 'valid', stride }),
    biased('3x3', filters),
    biased('1x1', 4 * filters, { act: false }),
  )

/** A stage of table 1: its first unit changes size and channels, so its shortcut is a projection. */
const stage = (units: number, filters: number, stride: 1 | 2) =>
  named({
    first: shortcut(
      { project: biased('1x1', 4 * filters, { pad: 'valid', stride, act: false }) },
      body(filters, stride),
    ),
    rest: repeat(units - 1, shortcut({}, body(filters, 1))),
  })

// Table 1, column 152-layer
const network = (d: Dimensions) =>
  named({
    conv1: biased('7x7', 64, { pad: 'half', stride: 2 }), // 112×112×64
    pool1: maxPool('3x3', { pad: 'half', stride: 2 }), // 56×56×64
    conv2: stage(d.blocks.conv2!, 64, 1), // 56×56×256
    conv3: stage(d.blocks.conv3!, 128, 2), // 28×28×512
    conv4: stage(d.blocks.conv4!, 256, 2), // 14×14×1024
    conv5: stage(d.blocks.conv5!, 512, 2), // 7×7×2048
    pool: globalAvgPool,
    logits: dense(d.classes),
  })

export const resnet152V1: Network = {
  id: 'resnet-152-v1',
  formOf: 'resnet-152',
  title: 'ResNet-152 (v1)',
  source: 'arXiv:1512.03385, table 1, as in Keras (ResNet152)',
  residual: true,
  size: 224,
  blocks: { conv2: 3, conv3: 8, conv4: 36, conv5: 3 },
  epsilon: 1.001e-5,
  initial: varianceScaling,
  body: network,
  preprocessing: { mean: [103.939, 116.779, 123.68], deviation: [1, 1, 1], order: 'bgr', centralFraction: 0.875 },
  published: { top1: 23.4, top5: 6.9, source: 'Keras documentation, all 50,000 validation images' },
}
