import { branches, named, repeat, residual } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import { type Dimensions, inceptionPreprocessing, type Network, xavier } from '../nn/network.js'
import { globalAvgPool, maxPool } from '../nn/pool.js'
import { V, V2 } from '../nn/window.js'
import { auxiliaryHead } from './auxiliary.js'
import { reductionA } from './reduction-a.js'
import { reductionB } from './reduction-b-resnet-v2.js'

// Figures 3, 7 and 15 to 19 of arXiv:1602.07261: the network of the paper's tables, which is not the one released under
// this name (inception-resnet-v2-slim.ts). What the figures leave open is taken from that one: residual scales 0.17,
// 0.10 and 0.20 (the paper: between 0.1 and 0.3) and a bias on the linear expansions. In a concatenation the convolution
// branches come left to right and the pool last.

// Fig. 3, in the figure's own order of kernels; Inception-v4's released stem has 1x7 before 7x1, and its first pool first
const stem = named({
  conv_1a: conv('3x3', 32, V2), // 149×149×32
  conv_2a: conv('3x3', 32, V), // 147×147×32
  conv_2b: conv('3x3', 64), // 147×147×64
  mixed_3a: branches([conv('3x3', 96, V2)], [maxPool('3x3', V2)]), // 73×73×160
  mixed_4a: branches(
    [conv('1x1', 64), conv('3x3', 96, V)],
    [conv('1x1', 64), conv('7x1', 64), conv('1x7', 64), conv('3x3', 96, V)],
  ), // 71×71×192
  mixed_5a: branches([conv('3x3', 192, V2)], [maxPool('3x3', V2)]), // 35×35×384; the figure forgets the stride
})

// Fig. 16, 35×35 grid
const resnetA = residual(
  { scale: 0.17 },
  branches([conv('1x1', 32)], [conv('1x1', 32), conv('3x3', 32)], [conv('1x1', 32), conv('3x3', 48), conv('3x3', 64)]),
)

// Fig. 17, 17×17 grid. It prints 1154 filters for the expansion, which could not be added to 1152.
const resnetB = residual(
  { scale: 0.1 },
  branches([conv('1x1', 192)], [conv('1x1', 128), conv('1x7', 160), conv('7x1', 192)]),
)

// Fig. 19, 8×8 grid. It prints 2048 filters for the expansion, which could not be added to 2144.
const resnetC = residual(
  { scale: 0.2 },
  branches([conv('1x1', 192)], [conv('1x1', 192), conv('1x3', 224), conv('3x1', 256)]),
)

// Fig. 15, which prints the channel counts of Inception-ResNet-v1
const body = (d: Dimensions) =>
  named({
    stem, // 35×35×384
    resnet_a: repeat(d.blocks.a!, resnetA), // 35×35×384
    reduction_a: reductionA(256, 256, 384, 384), // 17×17×1152
    resnet_b: repeat(d.blocks.b!, resnetB), // 17×17×1152
    reduction_b: reductionB, // 8×8×2144
    resnet_c: repeat(d.blocks.c!, resnetC), // 8×8×2144
    pool: globalAvgPool,
    drop: dropout,
    logits: dense(d.classes),
  })

export const inceptionResnetV2: Network = {
  id: 'inception-resnet-v2',
  title: 'Inception-ResNet-v2',
  source: 'arXiv:1602.07261, figures 3, 7 and 15 to 19, with the two impossible sums of figures 17 and 19 corrected',
  residual: true,
  size: 299,
  blocks: { a: 5, b: 10, c: 5 },
  epsilon: 1e-3,
  initial: xavier,
  body,
  // Not in the figures: where and what its released sibling trains with.
  auxiliary: { from: () => 'resnet_b', head: auxiliaryHead },
  preprocessing: inceptionPreprocessing,
  published: { top1: 19.9, top5: 4.9, source: 'arXiv:1602.07261, single crop, non-blacklisted validation images' },
}
