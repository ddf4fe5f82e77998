import { branches, named } from '../nn/combine.js'
import { type ConvOptions, conv } from '../nn/conv.js'
import { dense, dropout } from '../nn/dense.js'
import { type Dimensions, type Network, varianceScaling } from '../nn/network.js'
import { avgPool, globalAvgPool, maxPool } from '../nn/pool.js'
import type { Kernel } from '../nn/window.js'

// BN-Inception (arXiv:1502.03167, figure 5 of the appendix) as trained in Caffe and ported in Cadene's pretrained-models:
// a full 7×7 convolution first, the figure's filters without TF-Slim's two changes, a bias besides every norm, symmetric
// padding under a stride, max pools that count an unfinished last window, averages that count padding.

/** A convolution of Caffe: it keeps its bias although a norm follows. */
const biased = (kernel: Kernel, filters: number, options: ConvOptions = {}) =>
  conv(kernel, filters, { ...options, bias: true })

const H2 = { pad: 'half', stride: 2 } as const
const maxC2 = maxPool('3x3', { pad: 'ceil', stride: 2 })
const avg = avgPool('3x3', { includePadding: true })
const max = maxPool('3x3')

// Rows 3a, 3b, 4a to 4d, 5a and 5b of the figure: filters of each branch, in the order of its columns
const inception = (
  single: number,
  [reduce3, conv3]: readonly [number, number],
  [reduceDouble, double]: readonly [number, number],
  pool: ReturnType<typeof avgPool>,
  projected: number,
) =>
  branches(
    [biased('1x1', single)],
    [biased('1x1', reduce3), biased('3x3', conv3)],
    [biased('1x1', reduceDouble), biased('3x3', double), biased('3x3', double)],
    [pool, biased('1x1', projected)],
  )

// Rows 3c and 4e: every branch with stride 2, none of 1×1 only
const reduction = ([reduce3, conv3]: readonly [number, number], [reduceDouble, double]: readonly [number, number]) =>
  branches(
    [biased('1x1', reduce3), biased('3x3', conv3, H2)],
    [biased('1x1', reduceDouble), biased('3x3', double), biased('3x3', double, H2)],
    [maxC2],
  )

const body = ({ classes }: Dimensions) =>
  named({
    conv1: biased('7x7', 64, H2), // 112×112×64
    pool1: maxC2, // 56×56×64
    conv2_reduce: biased('1x1', 64), // 56×56×64
    conv2: biased('3x3', 192), // 56×56×192
    pool2: maxC2, // 28×28×192
    inception_3a: inception(64, [64, 64], [64, 96], avg, 32), // 28×28×256
    inception_3b: inception(64, [64, 96], [64, 96], avg, 64), // 28×28×320
    inception_3c: reduction([128, 160], [64, 96]), // 14×14×576
    inception_4a: inception(224, [64, 96], [96, 128], avg, 128), // 14×14×576
    inception_4b: inception(192, [96, 128], [96, 128], avg, 128), // 14×14×576
    inception_4c: inception(160, [128, 160], [128, 160], avg, 128), // 14×14×608; the figure's sum: 576
    inception_4d: inception(96, [128, 192], [160, 192], avg, 128), // 14×14×608; the figure's sum: 576
    inception_4e: reduction([128, 192], [192, 256]), // 7×7×1056; the figure's sum: 1024
    inception_5a: inception(352, [192, 320], [160, 224], avg, 128), // 7×7×1024
    inception_5b: inception(352, [192, 320], [192, 224], max, 128), // 7×7×1024
    pool: globalAvgPool,
    drop: dropout,
    logits: dense(classes),
  })

export const bnInceptionCaffe: Network = {
  id: 'bn-inception-caffe',
  formOf: 'bn-inception',
  title: 'BN-Inception (Caffe)',
  source: "arXiv:1502.03167, figure 5, as in Cadene's pretrained-models (bninception)",
  residual: false,
  size: 224,
  blocks: {},
  epsilon: 1e-5,
  initial: varianceScaling,
  body,
  preprocessing: { mean: [104, 117, 128], deviation: [1, 1, 1], order: 'bgr', centralFraction: 0.875 },
  published: { top1: 26.476, top5: 8.438, source: "Cadene's README, its port, all 50,000 validation images" },
}
