import { sizeOf } from '../../base/shape.js'
import { defineOp, matrix, ShapeError, type Type } from '../op.js'
import { crossEntropyOfRow, type Smoothing } from './softmaxCrossEntropy.js'

/**
 * Cross-entropy of images that were mixed, as mixup and CutMix have it: the target of a row is share·t(labels) +
 * (1 − share)·t(others), where t is a label's smoothed target. With shares of 1 it is `softmaxCrossEntropy`.
 *
 * logits [N,K] f32, labels and others [N] s32, shares [N] f32 → loss [1], probabilities [N,K].
 */
export const mixedCrossEntropy = defineOp({
  name: 'mixedCrossEntropy',
  inputs: { logits: 'one', labels: 'one', others: 'one', shares: 'one' },
  outputs: { loss: 'one', probabilities: 'one' },
  infer({ logits, ...rows }, _: Smoothing) {
    const [n, classes] = matrix(logits)
    for (const [port, { shape }] of Object.entries<Type>(rows))
      if (shape[0] !== n) throw new ShapeError(`${shape[0]} ${port} for ${n} rows of logits`)
    return { loss: { dtype: 'f32', shape: [1] }, probabilities: { dtype: 'f32', shape: [n, classes] } }
  },
  saves: ['probabilities', 'labels', 'others', 'shares'],
  grad: ({ loss }, { probabilities, labels, others, shares }, _, attrs) =>
    loss
      ? {
          logits: mixedCrossEntropyBackward.emit({ probabilities, labels, others, shares, diff_loss: loss }, attrs)
            .diff_logits,
        }
      : {},
  cost: ({ logits }) => ({ multiplyAdds: 0, flops: 5 * sizeOf(logits.shape) }),
  reference({ logits, labels, others, shares }, { loss, probabilities }, { smoothing }) {
    const [n, classes] = matrix(logits)
    let total = 0
    for (let row = 0; row < n; row++) {
      const z = logits.data.subarray(row * classes, (row + 1) * classes)
      const p = probabilities.data.subarray(row * classes, (row + 1) * classes)
      const share = shares.data[row]!
      const target = share * z[labels.data[row]!]! + (1 - share) * z[others.data[row]!]!
      total += crossEntropyOfRow(z, p, target, smoothing)
    }
    loss.data[0] = total / n
  },
})

/** diff_logits = diff_loss · (probabilities − target) / N. */
export const mixedCrossEntropyBackward = defineOp({
  name: 'mixedCrossEntropyBackward',
  inputs: { probabilities: 'one', labels: 'one', others: 'one', shares: 'one', diff_loss: 'one' },
  outputs: { diff_logits: 'one' },
  infer: ({ probabilities }, _: Smoothing) => ({ diff_logits: { dtype: 'f32', shape: probabilities.shape } }),
  saves: [],
  grad: null,
  cost: ({ probabilities }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(probabilities.shape) }),
  reference({ probabilities, labels, others, shares, diff_loss }, { diff_logits }, { smoothing }) {
    const [n, classes] = matrix(probabilities)
    for (let row = 0; row < n; row++) {
      const share = shares.data[row]!
      for (let j = 0; j < classes; j++) {
        const labelled = (labels.data[row] === j ? share : 0) + (others.data[row] === j ? 1 - share : 0)
        const target = (1 - smoothing) * labelled + smoothing / classes
        diff_logits.data[row * classes + j] =
          (diff_loss.data[0]! * (probabilities.data[row * classes + j]! - target)) / n
      }
    }
  },
})
