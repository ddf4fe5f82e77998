import { rankOf } from '../../evaluation/scores.js'
import { inputName } from './checkpoint-model.js'
import type { PixelBatch } from './pixel-batches.js'
import type { OnnxSession } from './runtime.js'

/** How a variant does on a set of images. */
export interface Accuracy {
  readonly images: number
  /** Fractions of the images; absent where their classes are not known. */
  readonly top1Error?: number
  readonly top5Error?: number
  /** The share of images that it puts in the class in which the first variant puts them; absent of embeddings. */
  readonly agreement?: number
  /** The mean distance of a logit from the first variant's. */
  readonly meanDifference: number
  /** Of one image, in batches. */
  readonly milliseconds: number
}

interface Tally {
  top1: number
  top5: number
  agree: number
  difference: number
  milliseconds: number
}

export interface Measured {
  readonly sessions: readonly OnnxSession[]
  readonly size: number
  readonly images: AsyncIterable<PixelBatch>
  readonly classifies: boolean
  /** For each label, its place among the logits; undefined where classes are not known. */
  readonly places: readonly number[] | undefined
}

/** Runs several variants of a model side by side over images. */
export async function measureAccuracy({ sessions, size, images, classifies, places }: Measured): Promise<Accuracy[]> {
  const tallies = sessions.map((): Tally => ({ top1: 0, top5: 0, agree: 0, difference: 0, milliseconds: 0 }))
  let [total, columns] = [0, 1]
  for await (const { pixels, labels, count } of images) {
    total += count
    let first: Float32Array | undefined
    for (const [i, session] of sessions.entries()) {
      const tally = tallies[i]!
      const start = performance.now()
      const result = await session.run({ [inputName]: { shape: [count, 3, size, size], data: pixels } })
      tally.milliseconds += performance.now() - start
      const logits = result.get(session.outputs[0]!)!
      first ??= logits
      columns = logits.length / count
      for (let row = 0; row < count; row++) {
        const scores = logits.subarray(row * columns, (row + 1) * columns)
        const others = first.subarray(row * columns, (row + 1) * columns)
        if (rankOf(best(others), scores) === 0) tally.agree++
        for (let j = 0; j < columns; j++) tally.difference += Math.abs(scores[j]! - others[j]!)
        if (!places) continue
        const above = rankOf(places[labels[row]!]!, scores)
        if (above >= 1) tally.top1++
        if (above >= 5) tally.top5++
      }
    }
  }
  return tallies.map(({ top1, top5, agree, difference, milliseconds }) => ({
    images: total,
    ...(places && { top1Error: top1 / total, top5Error: top5 / total }),
    ...(classifies && { agreement: agree / total }),
    meanDifference: difference / (total * columns),
    milliseconds: milliseconds / total,
  }))
}

const best = (scores: Float32Array): number => scores.reduce((top, x, j) => (x > scores[top]! ? j : top), 0)
