import { branches } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { maxPool } from '../nn/pool.js'
import type { Layer } from '../nn/scope.js'
import { V2 } from '../nn/window.js'

/**
 * Fig. 7 of arXiv:1602.07261, 35×35 → 17×17, shared by Inception-v4 and both Inception-ResNets, which differ in the
 * filters k, l, m, n of its table 1.
 */
export const reductionA = (k: number, l: number, m: number, n: number): Layer =>
  branches([conv('3x3', n, V2)], [conv('1x1', k), conv('3x3', l), conv('3x3', m, V2)], [maxPool('3x3', V2)])
