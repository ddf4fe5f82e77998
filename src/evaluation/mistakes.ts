import type { ImageSet } from '../data/class-folder.js'
import { bestClasses, type Predictions, rowOf } from './scores.js'

/** An image that was taken for another class. */
export interface Mistake {
  readonly path: string
  readonly label: string
  readonly predicted: string
  /** That it was given to the predicted class. */
  readonly probability: number
}

/** All mistakes, the most confident first, equally confident ones in the order of the images. */
export function mistakesOf(predictions: Predictions, { items, classes }: ImageSet): readonly Mistake[] {
  const found: Mistake[] = []
  for (const [i, label] of predictions.labels.entries()) {
    if (label < 0) continue
    const row = rowOf(predictions, i)
    const predicted = bestClasses(row, 1)[0]!
    if (predicted === label) continue
    const { path } = items[i]!
    found.push({ path, label: classes[label]!, predicted: classes[predicted]!, probability: row[predicted]! })
  }
  return found.sort((a, b) => b.probability - a.probability)
}
