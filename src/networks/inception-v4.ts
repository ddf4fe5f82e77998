import { branches, named, repeat } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import { type Dimensions, inceptionPreprocessing, type Network, varianceScaling, xavier } from '../nn/network.js'
import { avgPool, globalAvgPool, maxPool } from '../nn/pool.js'
import { V, V2 } from '../nn/window.js'
import { auxiliaryHead } from './auxiliary.js'
import { reductionA } from './reduction-a.js'

// Figures 3 to 9 of arXiv:1602.07261. The order of the 1×n and n×1 convolutions is the released one, so that released
// weights fit; where a figure draws another, the line says so. A concatenation's order is the released one as well:
// convolution branches first and the pool last (the figures draw it on the left), but for mixed_3a.

// Fig. 3
const stem = named({
  conv_1a: conv('3x3', 32, V2), // 149×149×32
  conv_2a: conv('3x3', 32, V), // 147×147×32
  conv_2b: conv('3x3', 64), // 147×147×64
  mixed_3a: branches([maxPool('3x3', V2)], [conv('3x3', 96, V2)]), // 73×73×160
  mixed_4a: branches(
    [conv('1x1', 64), conv('3x3', 96, V)],
    [conv('1x1', 64), conv('1x7', 64), conv('7x1', 64), conv('3x3', 96, V)], // the figure: 7x1 before 1x7
  ), // 71×71×192
  mixed_5a: branches([conv('3x3', 192, V2)], [maxPool('3x3', V2)]), // 35×35×384; the figure forgets the stride
})

// Fig. 4, 35×35 grid
const inceptionA = branches(
  [conv('1x1', 96)],
  [conv('1x1', 64), conv('3x3', 96)],
  [conv('1x1', 64), conv('3x3', 96), conv('3x3', 96)],
  [avgPool('3x3'), conv('1x1', 96)],
)

// Fig. 5, 17×17 grid
const inceptionB = branches(
  [conv('1x1', 384)],
  [conv('1x1', 192), conv('1x7', 224), conv('7x1', 256)], // the figure prints 1x7 twice
  [conv('1x1', 192), conv('7x1', 192), conv('1x7', 224), conv('7x1', 224), conv('1x7', 256)], // the figure: 1x7 first
  [avgPool('3x3'), conv('1x1', 128)],
)

// Fig. 8
const reductionB = branches(
  [conv('1x1', 192), conv('3x3', 192, V2)],
  [conv('1x1', 256), conv('1x7', 256), conv('7x1', 320), conv('3x3', 320, V2)],
  [maxPool('3x3', V2)],
)

// Fig. 6, 8×8 grid
const fork = branches([conv('1x3', 256)], [conv('3x1', 256)])
const inceptionC = branches(
  [conv('1x1', 256)],
  [conv('1x1', 384), fork],
  [conv('1x1', 384), conv('3x1', 448), conv('1x3', 512), fork], // the figure: 1x3 before 3x1, and the fork the other way
  [avgPool('3x3'), conv('1x1', 256)],
)

// Fig. 9
const body = (d: Dimensions) =>
  named({
    stem,
    inception_a: repeat(d.blocks.a!, inceptionA), // 35×35×384
    reduction_a: reductionA(192, 224, 256, 384), // 17×17×1024
    inception_b: repeat(d.blocks.b!, inceptionB), // 17×17×1024
    reduction_b: reductionB, // 8×8×1536
    inception_c: repeat(d.blocks.c!, inceptionC), // 8×8×1536
    pool: globalAvgPool,
    drop: dropout,
    logits: dense(d.classes, { initial: xavier }),
  })

export const inceptionV4: Network = {
  id: 'inception-v4',
  title: 'Inception-v4',
  source: 'arXiv:1602.07261, figures 3 to 9, kernel order as released in TF-Slim',
  residual: false,
  size: 299,
  blocks: { a: 4, b: 7, c: 3 },
  epsilon: 1e-3,
  initial: varianceScaling,
  body,
  // Not in the figures; slim trains with it.
  auxiliary: { from: () => 'inception_b', head: auxiliaryHead },
  preprocessing: inceptionPreprocessing,
  published: { top1: 20.0, top5: 5.0, source: 'arXiv:1602.07261, single crop, non-blacklisted validation images' },
}
