import { named } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense } from '../nn/dense.js'
import { type Dimensions, xavier } from '../nn/network.js'
import { avgPool, globalAvgPool } from '../nn/pool.js'
import type { Layer } from '../nn/scope.js'
import { V } from '../nn/window.js'

/**
 * The auxiliary classifier on the 17×17 grid as slim builds it for Inception-v4 and Inception-ResNet-v2: training only,
 * its loss weighs 0.4 (slim's train_image_classifier.py). Its 5×5 convolution covers the whole pooled grid of a 299-pixel image; what a
 * larger image leaves of the grid is averaged.
 */
export const auxiliaryHead = ({ classes }: Dimensions): Layer =>
  named({
    pool: avgPool('5x5', { pad: 'valid', stride: 3 }), // 5×5
    conv_1b: conv('1x1', 128),
    conv_2a: conv('5x5', 768, V), // 1×1×768
    flat: globalAvgPool,
    logits: dense(classes, { initial: xavier }),
  })
