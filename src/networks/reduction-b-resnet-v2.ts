import { branches } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { maxPool } from '../nn/pool.js'
import { V2 } from '../nn/window.js'

/** Fig. 18 of arXiv:1602.07261, 17×17 → 8×8: the same in the paper's Inception-ResNet-v2 and in the released one. */
export const reductionB = branches(
  [conv('1x1', 256), conv('3x3', 384, V2)],
  [conv('1x1', 256), conv('3x3', 288, V2)],
  [conv('1x1', 256), conv('3x3', 288), conv('3x3', 320, V2)],
  [maxPool('3x3', V2)],
)
