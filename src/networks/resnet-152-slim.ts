import { chain, named, shortcut } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense } from '../nn/dense.js'
import { type Dimensions, type Network, type Preprocessing, varianceScaling } from '../nn/network.js'
import { globalAvgPool, maxPool } from '../nn/pool.js'
import type { Layer } from '../nn/scope.js'

// ResNet-152 (arXiv:1512.03385, table 1) as TF-Slim's resnet_v1_152 has it, whose weights are He et al.'s own. They halve
// the map on the first 1×1 convolution of a stage; slim does in the last unit of the stage before, on the 3×3 convolution
// and, by every second pixel, on the shortcut. The numbers are the same, and that unit is cheaper.

const everySecondPixel = maxPool('1x1', { pad: 'valid', stride: 2 })

// Fig. 5, right. Under a stride slim's conv2d_same pads as it does without.
const unit = (filters: number, { first, stride }: { readonly first: boolean; readonly stride: 1 | 2 }): Layer => {
  const projection = conv('1x1', 4 * filters, { pad: 'valid', stride, act: false })
  return shortcut(
    first ? { project: projection } : stride === 1 ? {} : { project: everySecondPixel },
    chain(
      conv('1x1', filters),
      conv('3x3', filters, { pad: 'half', stride }),
      conv('1x1', 4 * filters, { act: false }),
    ),
  )
}

/** A stage of table 1, its units numbered from 0; the last one has the stride. */
const stage = (units: number, filters: number, stride: 1 | 2): Layer =>
  named(
    Object.fromEntries(
      Array.from({ length: units }, (_, i) => [
        `${i}`,
        unit(filters, { first: i === 0, stride: i === units - 1 ? stride : 1 }),
      ]),
    ),
  )

// Table 1, column 152-layer
const body = (d: Dimensions) =>
  named({
    conv1: conv('7x7', 64, { pad: 'half', stride: 2 }), // 112×112×64
    pool1: maxPool('3x3', { pad: 'tf', stride: 2 }), // 56×56×64
    conv2: stage(d.blocks.conv2!, 64, 2), // 28×28×256
    conv3: stage(d.blocks.conv3!, 128, 2), // 14×14×512
    conv4: stage(d.blocks.conv4!, 256, 2), // 7×7×1024
    conv5: stage(d.blocks.conv5!, 512, 1), // 7×7×2048
    pool: globalAvgPool,
    logits: dense(d.classes),
  })

/** ImageNet's mean colour subtracted, and nothing divided: slim's vgg_preprocessing.py. */
const vggPreprocessing: Preprocessing = {
  mean: [123.68, 116.78, 103.94],
  deviation: [1, 1, 1],
  order: 'rgb',
  centralFraction: 0.875,
}

export const resnet152Slim: Network = {
  id: 'resnet-152-slim',
  formOf: 'resnet-152',
  title: 'ResNet-152 (TF-Slim)',
  source: 'arXiv:1512.03385, table 1, as released in TF-Slim (resnet_v1_152, 2016-08-28)',
  residual: true,
  size: 224,
  blocks: { conv2: 3, conv3: 8, conv4: 36, conv5: 3 },
  epsilon: 1e-5,
  initial: varianceScaling,
  body,
  preprocessing: vggPreprocessing,
  published: { top1: 23.2, top5: 6.8, source: 'TF-Slim README, single crop, all 50,000 validation images' },
}
