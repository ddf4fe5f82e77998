import { branches, named } from '../nn/combine.js'
import { conv } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import {
  type Dimensions,
  inceptionPreprocessing,
  type Network,
  truncatedNormal,
  varianceScaling,
} from '../nn/network.js'
import { avgPool, globalAvgPool, maxPool } from '../nn/pool.js'
import type { Layer } from '../nn/scope.js'
import { V, V2 } from '../nn/window.js'
import { stemV3 } from './stem-v3.js'

// Figures and table 1 of arXiv:1512.00567, with the filter counts of the released network (slim's inception_v3.py), which
// the paper leaves out. Convolution branches come first in a concatenation and the pool last, as released.

// Fig. 5, 35×35 grid; the 5×5 is kept on its branch, as released
const mixed5 = (avg: Layer, pool: number) =>
  branches(
    [conv('1x1', 64)],
    [conv('1x1', 48), conv('5x5', 64)],
    [conv('1x1', 64), conv('3x3', 96), conv('3x3', 96)],
    [avg, conv('1x1', pool)],
  )

// Fig. 10, 35×35 → 17×17
const mixed6a = branches(
  [conv('3x3', 384, V2)],
  [conv('1x1', 64), conv('3x3', 96), conv('3x3', 96, V2)],
  [maxPool('3x3', V2)],
)

// Fig. 6 with n = 7, 17×17 grid
const mixed6 = (avg: Layer, c: number) =>
  branches(
    [conv('1x1', 192)],
    [conv('1x1', c), conv('1x7', c), conv('7x1', 192)],
    [conv('1x1', c), conv('7x1', c), conv('1x7', c), conv('7x1', c), conv('1x7', 192)],
    [avg, conv('1x1', 192)],
  )

// Fig. 10 again, 17×17 → 8×8, with a 7×7 in two steps on the longer branch
const mixed7a = branches(
  [conv('1x1', 192), conv('3x3', 320, V2)],
  [conv('1x1', 192), conv('1x7', 192), conv('7x1', 192), conv('3x3', 192, V2)],
  [maxPool('3x3', V2)],
)

// Fig. 7, 8×8 grid
const fork = branches([conv('1x3', 384)], [conv('3x1', 384)])
const mixed7 = (avg: Layer) =>
  branches(
    [conv('1x1', 320)],
    [conv('1x1', 384), fork],
    [conv('1x1', 448), conv('3x3', 384), fork],
    [avg, conv('1x1', 192)],
  )

/** Blocks named as released, b, c, d …; where more are asked for than were released, the last is repeated. */
const lettered = (stage: string, count: number, blocks: readonly Layer[]): Record<string, Layer> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${stage}${letter(i)}`, blocks[Math.min(i, blocks.length - 1)]!]),
  )
const letter = (i: number) => String.fromCharCode(98 + i)

/** The whole network but for the average pooling inside its blocks, in which ports differ. */
export const bodyWith =
  (avg: Layer) =>
  ({ classes, blocks }: Dimensions): Layer =>
    named({
      stem: named({ ...stemV3, pool_5a: maxPool('3x3', V2) }), // 35×35×192
      ...lettered('mixed_5', blocks.a!, [mixed5(avg, 32), mixed5(avg, 64), mixed5(avg, 64)]), // 35×35×256, 288, 288
      mixed_6a: mixed6a, // 17×17×768
      ...lettered('mixed_6', blocks.b!, [mixed6(avg, 128), mixed6(avg, 160), mixed6(avg, 160), mixed6(avg, 192)]),
      mixed_7a: mixed7a, // 8×8×1280
      ...lettered('mixed_7', blocks.c!, [mixed7(avg), mixed7(avg)]), // 8×8×2048
      pool: globalAvgPool,
      drop: dropout,
      logits: dense(classes),
    })

// Fig. 8. The text of the shared auxiliary head, but its last two layers start from deviations of their own in slim.
const auxiliaryHead = ({ classes }: Dimensions) =>
  named({
    pool: avgPool('5x5', { pad: 'valid', stride: 3 }), // 5×5×768
    conv_1b: conv('1x1', 128),
    conv_2a: conv('5x5', 768, { ...V, initial: truncatedNormal(0.01) }), // 1×1×768
    flat: globalAvgPool,
    logits: dense(classes, { initial: truncatedNormal(0.001) }),
  })

export const inceptionV3: Network = {
  id: 'inception-v3',
  title: 'Inception-v3',
  source: 'arXiv:1512.00567, figures 5 to 8 and 10 and table 1, as released in TF-Slim',
  residual: false,
  size: 299,
  blocks: { a: 3, b: 4, c: 2 },
  epsilon: 1e-3,
  initial: varianceScaling,
  body: bodyWith(avgPool('3x3')),
  auxiliary: { from: ({ blocks }) => `mixed_6${letter(blocks.b! - 1)}`, head: auxiliaryHead },
  preprocessing: inceptionPreprocessing,
  published: { top1: 21.2, top5: 5.6, source: 'arXiv:1602.07261, single crop, non-blacklisted validation images' },
}
