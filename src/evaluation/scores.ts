/** How well predictions agree with labels. Errors are fractions of `images`. */
export interface Scores {
  readonly top1Error: number
  readonly top5Error: number
  /** Mean of −log of the probability given to the right class. */
  readonly loss: number
  readonly images: number
  /** By image: 1 where the most probable class is wrong; images without label count as right and are not in `images`. */
  readonly wrong: Uint8Array
}

/** Predictions for a whole set of images, in the set's order. */
export interface Predictions {
  /** [images, classes]; rows of images that could not be read are zero. */
  readonly probabilities: Float32Array
  /** [images]; −1 where the image could not be read. */
  readonly labels: Int32Array
  readonly classes: number
}

/**
 * How many classes are ranked above `label`. One counts as above another when it is more probable, or as probable and
 * listed earlier.
 */
export function rankOf(label: number, probabilities: Float32Array): number {
  const own = probabilities[label]!
  let above = 0
  for (let j = 0; j < probabilities.length; j++) {
    const p = probabilities[j]!
    if (p > own || (p === own && j < label) || Number.isNaN(p)) above++
  }
  return above
}

/** The `count` best ranked classes, best first, in the order of {@link rankOf}; all of them when there are fewer. */
export function bestClasses(probabilities: Float32Array, count: number): number[] {
  const best: number[] = []
  for (let j = 0; j < probabilities.length; j++) {
    let place = best.length
    while (place > 0 && probabilities[j]! > probabilities[best[place - 1]!]!) place--
    if (place < count) best.splice(place, 0, j)
    if (best.length > count) best.pop()
  }
  return best
}

/** The probabilities of one image. */
export const rowOf = ({ probabilities, classes }: Predictions, image: number): Float32Array =>
  probabilities.subarray(image * classes, (image + 1) * classes)

/** The same predictions, scored on the images that `keep` (one number an image) is not 0 for. */
export const onlyImages = (predictions: Predictions, keep: Uint8Array): Predictions => ({
  ...predictions,
  labels: predictions.labels.map((label, i) => (keep[i] ? label : -1)),
})

export function scoresOf(predictions: Predictions): Scores {
  const { labels } = predictions
  const wrong = new Uint8Array(labels.length)
  let [images, top1, top5, loss] = [0, 0, 0, 0]
  for (const [i, label] of labels.entries()) {
    if (label < 0) continue
    images++
    const row = rowOf(predictions, i)
    const above = rankOf(label, row)
    if (above >= 1) wrong[i] = 1
    if (above >= 1) top1++
    if (above >= 5) top5++
    loss -= Math.log(Math.max(row[label]!, 1e-30))
  }
  const count = Math.max(1, images)
  return { top1Error: top1 / count, top5Error: top5 / count, loss: loss / count, images, wrong }
}

/** The predictions of an ensemble: the mean of its members' probabilities (arXiv:1602.07261 §5, after GoogLeNet). */
export function averagePredictions(members: readonly Predictions[]): Predictions {
  const [first] = members
  if (!first) throw new Error('an ensemble needs a member')
  for (const { classes, labels } of members)
    if (classes !== first.classes || labels.length !== first.labels.length)
      throw new Error('members predict different sets')
  const probabilities = new Float32Array(first.probabilities.length)
  for (const member of members)
    for (let i = 0; i < probabilities.length; i++) probabilities[i]! += member.probabilities[i]! / members.length
  // An image that any member could not read is out for the ensemble.
  const labels = first.labels.map((label, i) => (members.every(member => member.labels[i]! >= 0) ? label : -1))
  return { probabilities, labels, classes: first.classes }
}

/** Softmax of each row of logits [rows, classes], written into `probabilities` from row `at` on. */
export function softmaxInto(
  logits: Float32Array,
  rows: number,
  classes: number,
  probabilities: Float32Array,
  at: number,
): void {
  for (let row = 0; row < rows; row++) {
    const z = logits.subarray(row * classes, (row + 1) * classes)
    const p = probabilities.subarray((at + row) * classes, (at + row + 1) * classes)
    const largest = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    let sum = 0
    for (let j = 0; j < classes; j++) sum += p[j] = Math.exp(z[j]! - largest)
    for (let j = 0; j < classes; j++) p[j]! /= sum
  }
}
