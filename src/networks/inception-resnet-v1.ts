import { branches, named, repeat, residual } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import { type Dimensions, inceptionPreprocessing, type Network, xavier } from '../nn/network.js'
import { globalAvgPool, maxPool } from '../nn/pool.js'
import type { Layer } from '../nn/scope.js'
import { V2 } from '../nn/window.js'
import { auxiliaryHead } from './auxiliary.js'
import { reductionA } from './reduction-a.js'
import { stemV3 } from './stem-v3.js'

// Figures 7 and 10 to 15 of arXiv:1602.07261. Nobody released this network, so what the figures leave open is taken
// from its released sibling: residual scales 0.17, 0.10 and 0.20 (the paper: between 0.1 and 0.3), a bias on the linear
// expansions, convolution branches first and the pool last in a concatenation.

// Fig. 14
export const stem = named({
  ...stemV3, // 71×71×192
  conv_4b: conv('3x3', 256, V2), // 35×35×256
})

// Fig. 10, 35×35 grid
export const resnetA = residual(
  { scale: 0.17 },
  branches([conv('1x1', 32)], [conv('1x1', 32), conv('3x3', 32)], [conv('1x1', 32), conv('3x3', 32), conv('3x3', 32)]),
)

// Fig. 11, 17×17 grid
export const resnetB = residual(
  { scale: 0.1 },
  branches([conv('1x1', 128)], [conv('1x1', 128), conv('1x7', 128), conv('7x1', 128)]),
)

// Fig. 12
export const reductionB = branches(
  [conv('1x1', 256), conv('3x3', 384, V2)],
  [conv('1x1', 256), conv('3x3', 256, V2)],
  [conv('1x1', 256), conv('3x3', 256), conv('3x3', 256, V2)],
  [maxPool('3x3', V2)],
)

// Fig. 13, 8×8 grid
export const resnetC = (options: Parameters<typeof residual>[0]): Layer =>
  residual(options, branches([conv('1x1', 192)], [conv('1x1', 192), conv('1x3', 192), conv('3x1', 192)]))

// Fig. 15
const body = (d: Dimensions) =>
  named({
    stem, // 35×35×256
    resnet_a: repeat(d.blocks.a!, resnetA), // 35×35×256
    reduction_a: reductionA(192, 192, 256, 384), // 17×17×896
    resnet_b: repeat(d.blocks.b!, resnetB), // 17×17×896
    reduction_b: reductionB, // 8×8×1792
    resnet_c: repeat(d.blocks.c!, resnetC({ scale: 0.2 })), // 8×8×1792
    pool: globalAvgPool,
    drop: dropout,
    logits: dense(d.classes),
  })

export const inceptionResnetV1: Network = {
  id: 'inception-resnet-v1',
  title: 'Inception-ResNet-v1',
  source: 'arXiv:1602.07261, figures 7 and 10 to 15',
  residual: true,
  size: 299,
  blocks: { a: 5, b: 10, c: 5 },
  epsilon: 1e-3,
  initial: xavier,
  body,
  // Not in the figures: where and what its released sibling trains with.
  auxiliary: { from: () => 'resnet_b', head: auxiliaryHead },
  preprocessing: inceptionPreprocessing,
  published: { top1: 21.3, top5: 5.5, source: 'arXiv:1602.07261, single crop, non-blacklisted validation images' },
}
