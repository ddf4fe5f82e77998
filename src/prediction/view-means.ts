import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Batch } from '../data/batch-run.js'
import type { CompiledNetwork } from '../evaluation/compiled-network.js'
import { softmaxInto } from '../evaluation/scores.js'

/** What a network says of one image: means over its views. */
export interface Prediction {
  /** [classes]; they sum to 1. */
  readonly probabilities: Float32Array
  /** [classes] */
  readonly logits: Float32Array
  /** [features]: what global pooling gave. */
  readonly features: Float32Array
}

/** An image and what is said of it; nothing where it could not be read. */
export interface ImageResult {
  readonly index: number
  readonly prediction: Prediction | undefined
}

type ViewNetwork = Pick<CompiledNetwork, 'batch' | 'classes' | 'feed' | 'run' | 'features'>

/** Views delivered of an image, and their weighted sums so far. */
interface Sums {
  readonly index: number
  seen: number
  probabilities: Float64Array | undefined
  logits: Float64Array | undefined
  features: Float64Array | undefined
}

/**
 * Computes batches of views, those of an image one after the other, and gives each image's means once all of its views
 * have come. `open` gives the network when there is a batch for it; between a batch's first view and the end of its run
 * nothing else can use it. An aborted signal ends the work before the next batch.
 */
export async function* viewMeans(
  batches: AsyncIterable<Batch>,
  open: () => ViewNetwork,
  viewsPerImage: number,
  signal?: AbortSignal,
): AsyncGenerator<ImageResult, void, undefined> {
  let image: Sums | undefined
  for await (const batch of batches) {
    // Others get their turn before the thread is held for a run, so that a time limit can be noticed.
    await nextTurn()
    signal?.throwIfAborted()
    const rows = compute(batch, open())
    const done: ImageResult[] = []
    for (let row = 0; row < batch.count; row++) {
      const index = batch.indices[row]!
      if (image === undefined || image.index !== index) image = emptySums(index)
      if (batch.weights[row]! > 0) rows.addTo(image, row, batch.weights[row]!)
      if (++image.seen < viewsPerImage) continue
      done.push({ index, prediction: meansOf(image) })
      image = undefined
    }
    yield* done
  }
}

const emptySums = (index: number): Sums => ({
  ...{ index, seen: 0, probabilities: undefined, logits: undefined, features: undefined },
})

function meansOf({ probabilities, logits, features }: Sums): Prediction | undefined {
  if (!probabilities || !logits || !features) return undefined
  const [p, z, f] = [probabilities, logits, features].map(sum => Float32Array.from(sum))
  return { probabilities: p!, logits: z!, features: f! }
}

/** Runs the network on a batch, if anything in it is to be computed. */
function compute({ images, labels, weights, count }: Batch, network: ViewNetwork) {
  const length = images.length / labels.length
  let any = false
  for (let row = 0; row < count; row++) {
    if (weights[row]! === 0) continue
    network.feed(images.subarray(row * length, (row + 1) * length), row)
    any = true
  }
  const { classes } = network
  const logits = any ? network.run() : new Float32Array()
  const features = any ? network.features() : new Float32Array()
  const width = features.length / network.batch
  const probabilities = new Float32Array(classes)
  return {
    addTo(image: Sums, row: number, share: number): void {
      const z = logits.subarray(row * classes, (row + 1) * classes)
      softmaxInto(z, 1, classes, probabilities, 0)
      image.probabilities = added(image.probabilities, probabilities, share)
      image.logits = added(image.logits, z, share)
      image.features = added(image.features, features.subarray(row * width, (row + 1) * width), share)
    },
  }
}

function added(sum: Float64Array | undefined, row: Float32Array, share: number): Float64Array {
  const total = sum ?? new Float64Array(row.length)
  for (let i = 0; i < row.length; i++) total[i]! += share * row[i]!
  return total
}
