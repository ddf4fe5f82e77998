import { conv } from '../nn/conv.js'
import { maxPool } from '../nn/pool.js'
import { V, V2 } from '../nn/window.js'

/**
 * The first six layers of Inception-v3 (arXiv:1512.00567 table 1, as released), which open Inception-ResNet-v1
 * (arXiv:1602.07261 figure 14) and the released Inception-ResNet-v2 as well.
 */
export const stemV3 = {
  conv_1a: conv('3x3', 32, V2), // 149×149×32
  conv_2a: conv('3x3', 32, V), // 147×147×32
  conv_2b: conv('3x3', 64), // 147×147×64
  pool_3a: maxPool('3x3', V2), // 73×73×64
  conv_3b: conv('1x1', 80), // 73×73×80
  conv_4a: conv('3x3', 192, V), // 71×71×192
}
