import { branches, chain, named } from '../nn/combine.js'
import { conv, depthwise } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import {
  type Dimensions,
  inceptionPreprocessing,
  type Network,
  truncatedNormal,
  varianceScaling,
} from '../nn/network.js'
import { avgPool, globalAvgPool, maxPool } from '../nn/pool.js'

// BN-Inception (arXiv:1502.03167, figure 5 of the appendix) as TF-Slim's InceptionV2: the paper's separable first layer,
// and the reading of its table whose output column holds, 576 and 1024 channels, which makes the pool projections of 4d
// and 4e 96 wide. Caffe's port keeps 128 there and a full 7×7 convolution instead.

/** TensorFlow's SAME under a stride of 2: on an even size it pads after, not before. */
const S2 = { pad: 'tf', stride: 2 } as const

/** The 1×1 convolutions before a 3×3 and after a pool start from deviations of their own in slim. */
const reduce = (filters: number) => conv('1x1', filters, { initial: truncatedNormal(0.09) })
const project = (filters: number) => conv('1x1', filters, { initial: truncatedNormal(0.1) })

const separable = chain(
  depthwise('7x7', 8, { ...S2, initial: truncatedNormal(1) }), // 112×112×24
  conv('1x1', 64, { norm: false, initial: truncatedNormal(1) }), // 112×112×64; slim gives it a bias and no batch norm
)

// Rows 3a, 3b, 4a to 4d, 5a and 5b of the figure: filters of each branch, in the order of its columns
const inception = (
  single: number,
  [reduce3, conv3]: readonly [number, number],
  [reduceDouble, double]: readonly [number, number],
  pool: ReturnType<typeof avgPool>,
  projected: number,
) =>
  branches(
    [conv('1x1', single)],
    [reduce(reduce3), conv('3x3', conv3)],
    [reduce(reduceDouble), conv('3x3', double), conv('3x3', double)],
    [pool, project(projected)],
  )

// Rows 3c and 4e: every branch with stride 2, none of 1×1 only
const reduction = ([reduce3, conv3]: readonly [number, number], [reduceDouble, double]: readonly [number, number]) =>
  branches(
    [reduce(reduce3), conv('3x3', conv3, S2)],
    [reduce(reduceDouble), conv('3x3', double), conv('3x3', double, S2)],
    [maxPool('3x3', S2)],
  )

const avg = avgPool('3x3')
const max = maxPool('3x3')

const body = ({ classes }: Dimensions) =>
  named({
    conv_1a: separable, // 112×112×64
    pool_2a: maxPool('3x3', S2), // 56×56×64
    conv_2b: project(64), // 56×56×64
    conv_2c: conv('3x3', 192), // 56×56×192
    pool_3a: maxPool('3x3', S2), // 28×28×192
    mixed_3b: inception(64, [64, 64], [64, 96], avg, 32), // 28×28×256; slim's letters are one after the paper's
    mixed_3c: inception(64, [64, 96], [64, 96], avg, 64), // 28×28×320
    mixed_4a: reduction([128, 160], [64, 96]), // 14×14×576
    mixed_4b: inception(224, [64, 96], [96, 128], avg, 128), // 14×14×576
    mixed_4c: inception(192, [96, 128], [96, 128], avg, 128),
    mixed_4d: inception(160, [128, 160], [128, 160], avg, 96), // the figure: 128
    mixed_4e: inception(96, [128, 192], [160, 192], avg, 96), // the figure: 128
    mixed_5a: reduction([128, 192], [192, 256]), // 7×7×1024
    mixed_5b: inception(352, [192, 320], [160, 224], avg, 128), // 7×7×1024
    mixed_5c: inception(352, [192, 320], [192, 224], max, 128), // 7×7×1024
    pool: globalAvgPool,
    drop: dropout,
    logits: dense(classes),
  })

export const bnInception: Network = {
  id: 'bn-inception',
  title: 'BN-Inception',
  source: 'arXiv:1502.03167, figure 5, as released in TF-Slim (inception_v2)',
  residual: false,
  size: 224,
  blocks: {},
  epsilon: 1e-3,
  initial: varianceScaling,
  body,
  preprocessing: inceptionPreprocessing,
  published: { top1: 25.2, top5: 7.8, source: 'arXiv:1602.07261, single crop, non-blacklisted validation images' },
}
