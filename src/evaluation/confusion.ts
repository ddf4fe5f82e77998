import { bestClasses, type Predictions, rowOf } from './scores.js'

/** [classes, classes]: how many images of the row's class were taken for the column's. */
export function confusionMatrix(predictions: Predictions): Uint32Array {
  const { labels, classes } = predictions
  const matrix = new Uint32Array(classes * classes)
  for (const [i, label] of labels.entries()) {
    if (label < 0) continue
    const [predicted] = bestClasses(rowOf(predictions, i), 1)
    matrix[label * classes + predicted!]!++
  }
  return matrix
}

/** Images of one class that were taken for another. */
export interface Confusion {
  readonly label: string
  readonly predicted: string
  readonly count: number
}

/** What lies off the diagonal of a confusion matrix, the most frequent first, equal ones in the order of `classes`. */
export function confusions(matrix: Uint32Array, classes: readonly string[]): readonly Confusion[] {
  const found: Confusion[] = []
  for (const [label, name] of classes.entries())
    for (const [predicted, other] of classes.entries()) {
      const count = matrix[label * classes.length + predicted]!
      if (count > 0 && predicted !== label) found.push({ label: name, predicted: other, count })
    }
  return found.sort((a, b) => b.count - a.count)
}
