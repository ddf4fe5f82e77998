import { branches, named, repeat, residual } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import { type Dimensions, inceptionPreprocessing, type Network, xavier } from '../nn/network.js'
import { avgPool, globalAvgPool, maxPool } from '../nn/pool.js'
import { V2 } from '../nn/window.js'
import { auxiliaryHead } from './auxiliary.js'
import { reductionA } from './reduction-a.js'
import { reductionB } from './reduction-b-resnet-v2.js'
import { stemV3 } from './stem-v3.js'

// Inception-ResNet-v2 as released in TF-Slim on 2016-08-30 (Keras and timm are ports), which departs from the figures of
// arXiv:1602.07261: another stem, twice the blocks, 320/1088/2080 channels, and a convolution before the
// pool. The figures cited are those that a block still resembles.

// Not in the figures: Inception-v3's first block, wider on its first branch
const mixed5b = branches(
  [conv('1x1', 96)],
  [conv('1x1', 48), conv('5x5', 64)],
  [conv('1x1', 64), conv('3x3', 96), conv('3x3', 96)],
  [avgPool('3x3'), conv('1x1', 64)],
)

// Fig. 16 on 320 channels; slim's block35
const resnetA = residual(
  { scale: 0.17 },
  branches([conv('1x1', 32)], [conv('1x1', 32), conv('3x3', 32)], [conv('1x1', 32), conv('3x3', 48), conv('3x3', 64)]),
)

// Fig. 17 on 1088 channels; slim's block17
const resnetB = residual(
  { scale: 0.1 },
  branches([conv('1x1', 192)], [conv('1x1', 128), conv('1x7', 160), conv('7x1', 192)]),
)

// Fig. 19 on 2080 channels; slim's block8. The last one neither scales its body nor ends in a ReLU.
const resnetC = (options: { readonly scale: number; readonly act: boolean }) =>
  residual(options, branches([conv('1x1', 192)], [conv('1x1', 192), conv('1x3', 224), conv('3x1', 256)]))

const body = (d: Dimensions) =>
  named({
    stem: named({ ...stemV3, pool_5a: maxPool('3x3', V2) }), // 35×35×192
    mixed_5b: mixed5b, // 35×35×320
    resnet_a: repeat(d.blocks.a!, resnetA), // 35×35×320
    reduction_a: reductionA(256, 256, 384, 384), // 17×17×1088
    resnet_b: repeat(d.blocks.b!, resnetB), // 17×17×1088
    reduction_b: reductionB, // 8×8×2080
    resnet_c: repeat(d.blocks.c! - 1, resnetC({ scale: 0.2, act: true })), // 8×8×2080
    resnet_c_last: resnetC({ scale: 1, act: false }), // 8×8×2080
    conv_7b: conv('1x1', 1536), // 8×8×1536
    pool: globalAvgPool,
    drop: dropout,
    logits: dense(d.classes),
  })

export const inceptionResnetV2Slim: Network = {
  id: 'inception-resnet-v2-slim',
  title: 'Inception-ResNet-v2 (released)',
  source: 'TF-Slim inception_resnet_v2, 2016-08-30',
  residual: true,
  size: 299,
  blocks: { a: 10, b: 20, c: 10 },
  epsilon: 1e-3,
  initial: xavier,
  body,
  auxiliary: { from: () => 'resnet_b', head: auxiliaryHead },
  preprocessing: inceptionPreprocessing,
  published: { top1: 19.6, top5: 4.7, source: 'TF-Slim README, single crop, all 50,000 validation images' },
}
