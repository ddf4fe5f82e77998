import { type Predictions, rankOf, rowOf } from './scores.js'

/** How well the images of one class were recognised. Errors are fractions of `images`, null when there are none. */
export interface ClassScores {
  readonly name: string
  readonly images: number
  readonly top1Error: number | null
  readonly top5Error: number | null
}

/** The scores of each class, in the order of `classes`. */
export function classScores(predictions: Predictions, classes: readonly string[]): readonly ClassScores[] {
  const counts = classes.map(() => ({ images: 0, top1: 0, top5: 0 }))
  for (const [i, label] of predictions.labels.entries()) {
    if (label < 0) continue
    const above = rankOf(label, rowOf(predictions, i))
    const count = counts[label]!
    count.images++
    if (above >= 1) count.top1++
    if (above >= 5) count.top5++
  }
  return counts.map(({ images, top1, top5 }, label) => ({
    name: classes[label]!,
    images,
    top1Error: images === 0 ? null : top1 / images,
    top5Error: images === 0 ? null : top5 / images,
  }))
}

/** The classes with errors, those of the largest top-1 error first, of equal ones those of the larger top-5 error. */
export const worstClasses = (scores: readonly ClassScores[]): readonly ClassScores[] =>
  scores
    .filter(({ top1Error }) => (top1Error ?? 0) > 0)
    .sort((a, b) => b.top1Error! - a.top1Error! || b.top5Error! - a.top5Error!)
