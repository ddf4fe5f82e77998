import { chain, named, repeat } from '../nn/combine.js'
import { normalisedDense } from '../nn/conv.js'
import { dropout } from '../nn/dense.js'
import { type Dimensions, type Network, type Preprocessing, xavier } from '../nn/network.js'
import { standardiseImages, unitLength } from '../nn/normalise.js'
import { flatten, globalAvgMap } from '../nn/pool.js'
import { reductionB, resnetA, resnetB, resnetC, stem } from './inception-resnet-v1.js'
import { reductionA } from './reduction-a.js'

// facenet's Inception-ResNet-v1 (davidsandberg/facenet, inception_resnet_v1.py): the paper's blocks on smaller images, one
// block C more, which neither scales its body nor ends in a ReLU, and an embedding in place of logits. The classifier that
// it was trained with is no part of it. Its two generations of checkpoints differ in what they were fed, and in the length
// of the embedding.

const stages = ({ classes, blocks }: Dimensions) => ({
  stem, // 17×17×256
  resnet_a: repeat(blocks.a!, resnetA), // 17×17×256
  reduction_a: reductionA(192, 192, 256, 384), // 8×8×896
  resnet_b: repeat(blocks.b!, resnetB), // 8×8×896
  reduction_b: reductionB, // 3×3×1792
  resnet_c: repeat(blocks.c! - 1, resnetC({ scale: 0.2 })), // 3×3×1792
  resnet_c_last: resnetC({ scale: 1, act: false }), // 3×3×1792
  pool: globalAvgMap,
  drop: dropout,
  bottleneck: normalisedDense(classes),
  embedding: chain(flatten, unitLength),
})

const facenet = {
  residual: true,
  size: 160,
  blocks: { a: 5, b: 10, c: 6 },
  epsilon: 1e-3,
  initial: xavier,
} as const

/** Faces come aligned and cut out, so that nothing more is cut off. */
const whole = { order: 'rgb', centralFraction: 1 } as const satisfies Partial<Preprocessing>

/** The checkpoints of 2018, which facenet-pytorch has as well: (x − 127.5) / 128. */
export const inceptionResnetV1Facenet: Network = {
  ...facenet,
  id: 'inception-resnet-v1-facenet',
  title: 'Inception-ResNet-v1 (facenet)',
  source: 'davidsandberg/facenet, the models of 2018; facenet-pytorch',
  embedding: 512,
  body: d => named(stages(d)),
  preprocessing: { ...whole, mean: [127.5, 127.5, 127.5], deviation: [128, 128, 128] },
}

/** The checkpoints of 2017, which see each image minus its own mean over its own deviation. */
export const inceptionResnetV1Facenet2017: Network = {
  ...facenet,
  id: 'inception-resnet-v1-facenet-2017',
  title: 'Inception-ResNet-v1 (facenet, 2017)',
  source: 'davidsandberg/facenet, the models of 2017',
  embedding: 128,
  body: d => named({ whiten: standardiseImages, ...stages(d) }),
  // The pixels themselves: the least deviation is meant in their unit.
  preprocessing: { ...whole, mean: [0, 0, 0], deviation: [1, 1, 1] },
}
