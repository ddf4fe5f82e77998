import { sizeOf } from '../../base/shape.js'
import { defineOp, matrix, type Numbers, ShapeError } from '../op.js'

export interface Smoothing {
  /** ε of label smoothing: the target is (1−ε)·[j = label] + ε/K (Szegedy et al., arXiv:1512.00567 §7). */
  readonly smoothing: number
}

/** Mean over the batch of −Σ q log softmax(logits). logits [N,K] f32, labels [N] s32 → loss [1], probabilities [N,K]. */
export const softmaxCrossEntropy = defineOp({
  name: 'softmaxCrossEntropy',
  inputs: { logits: 'one', labels: 'one' },
  outputs: { loss: 'one', probabilities: 'one' },
  infer({ logits, labels }, _: Smoothing) {
    const [n, classes] = matrix(logits)
    if (labels.shape[0] !== n) throw new ShapeError(`${labels.shape[0]} labels for ${n} rows of logits`)
    return { loss: { dtype: 'f32', shape: [1] }, probabilities: { dtype: 'f32', shape: [n, classes] } }
  },
  saves: ['probabilities', 'labels'],
  grad: ({ loss }, { probabilities, labels }, _, attrs) =>
    loss
      ? { logits: softmaxCrossEntropyBackward.emit({ probabilities, labels, diff_loss: loss }, attrs).diff_logits }
      : {},
  cost: ({ logits }) => ({ multiplyAdds: 0, flops: 5 * sizeOf(logits.shape) }),
  reference({ logits, labels }, { loss, probabilities }, { smoothing }) {
    const [n, classes] = matrix(logits)
    let total = 0
    for (let row = 0; row < n; row++) {
      const z = logits.data.subarray(row * classes, (row + 1) * classes)
      const p = probabilities.data.subarray(row * classes, (row + 1) * classes)
      total += crossEntropyOfRow(z, p, z[labels.data[row]!]!, smoothing)
    }
    loss.data[0] = total / n
  },
})

/** diff_logits = diff_loss · (probabilities − q) / N. */
export const softmaxCrossEntropyBackward = defineOp({
  name: 'softmaxCrossEntropyBackward',
  inputs: { probabilities: 'one', labels: 'one', diff_loss: 'one' },
  outputs: { diff_logits: 'one' },
  infer: ({ probabilities }, _: Smoothing) => ({ diff_logits: { dtype: 'f32', shape: probabilities.shape } }),
  saves: [],
  grad: null,
  cost: ({ probabilities }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(probabilities.shape) }),
  reference({ probabilities, labels, diff_loss }, { diff_logits }, { smoothing }) {
    const [n, classes] = matrix(probabilities)
    for (let row = 0; row < n; row++)
      for (let j = 0; j < classes; j++) {
        const target = (labels.data[row] === j ? 1 - smoothing : 0) + smoothing / classes
        diff_logits.data[row * classes + j] =
          (diff_loss.data[0]! * (probabilities.data[row * classes + j]! - target)) / n
      }
  },
})

/**
 * Cross-entropy of one row. Fills `probabilities` with softmax(logits).
 *
 * @param target the expected logit of the label before smoothing: that of the label itself where there is one
 */
export function crossEntropyOfRow(logits: Numbers, probabilities: Numbers, target: number, smoothing: number): number {
  const classes = logits.length
  let largest = Number.NEGATIVE_INFINITY
  for (let j = 0; j < classes; j++) largest = Math.max(largest, logits[j]!)
  let normaliser = 0
  let mean = 0
  for (let j = 0; j < classes; j++) {
    probabilities[j] = Math.exp(logits[j]! - largest)
    normaliser += probabilities[j]!
    mean += logits[j]! / classes
  }
  for (let j = 0; j < classes; j++) probabilities[j]! /= normaliser
  return largest + Math.log(normaliser) - (1 - smoothing) * target - smoothing * mean
}
