import type { Batch } from '../data/batch-run.js'
import type { CompiledNetwork } from './compiled-network.js'
import { softmaxInto } from './scores.js'

/** What a network says of one image. */
export interface ImagePrediction {
  /** Which image of the loader's set. */
  readonly index: number
  /** Views computed; 0 where the image could not be read. */
  readonly views: number
  /** [classes]: Σ share · softmax over its views; zero where the image could not be read. */
  readonly probabilities: Float32Array
}

/** What takes images into the places of a batch and gives their logits. */
type BatchNetwork = Pick<CompiledNetwork, 'batch' | 'classes' | 'feed' | 'run'>

/** An image that some of whose views are still to come, or to be computed. */
interface Open {
  readonly index: number
  /** Views that the loader has delivered, repeated ones included. */
  seen: number
  /** Views fed and not yet computed. */
  waiting: number
  computed: number
  sum: Float64Array | undefined
}

/**
 * Packs the views of a pass into a network's batches, across images, and averages the probabilities of each image over
 * its views. Views that repeat others and those of bad images are not computed. Never holds more than a batch of views.
 */
export class ViewAverager {
  readonly #network: BatchNetwork
  readonly #viewsPerImage: number
  readonly #probabilities: Float32Array
  readonly #images: Open[] = []
  readonly #rows: { readonly image: Open; readonly share: number }[] = []
  /** Where in the batch the next view goes. A view's place may show in the last bit, so who goes on keeps it. */
  #row: number
  #computed = 0

  /** @param before views that were computed before the first one of this pass, in a sitting before */
  constructor(network: BatchNetwork, viewsPerImage: number, before = 0) {
    this.#network = network
    this.#viewsPerImage = viewsPerImage
    this.#probabilities = new Float32Array(network.batch * network.classes)
    this.#row = before % network.batch
  }

  /** Views computed so far. */
  get computed(): number {
    return this.#computed
  }

  /** Takes a batch of the loader, and gives the images that it was possible to finish, in order. */
  *take(batch: Batch): Generator<ImagePrediction> {
    const length = batch.images.length / batch.labels.length
    for (let i = 0; i < batch.count; i++) {
      const image = this.#imageOf(batch.indices[i]!)
      image.seen++
      const share = batch.weights[i]!
      if (batch.labels[i]! >= 0 && share > 0) {
        this.#network.feed(batch.images.subarray(i * length, (i + 1) * length), this.#row++)
        this.#rows.push({ image, share })
        image.waiting++
      }
      if (this.#row === this.#network.batch) this.#compute()
      yield* this.#finished()
    }
  }

  /** Computes what is left, and gives the images that it finishes. */
  *end(): Generator<ImagePrediction> {
    if (this.#rows.length > 0) this.#compute()
    yield* this.#finished()
  }

  #imageOf(index: number): Open {
    const last = this.#images.at(-1)
    if (last !== undefined && last.index === index) return last
    const image = { index, seen: 0, waiting: 0, computed: 0, sum: undefined }
    this.#images.push(image)
    return image
  }

  #compute(): void {
    const { classes, batch } = this.#network
    softmaxInto(this.#network.run(), batch, classes, this.#probabilities, 0)
    const first = this.#row - this.#rows.length
    for (const [i, { image, share }] of this.#rows.entries()) {
      image.sum ??= new Float64Array(classes)
      const at = (first + i) * classes
      for (let k = 0; k < classes; k++) image.sum[k]! += share * this.#probabilities[at + k]!
      image.waiting--
      image.computed++
    }
    this.#computed += this.#rows.length
    this.#rows.length = 0
    this.#row = 0
  }

  *#finished(): Generator<ImagePrediction> {
    for (let image = this.#images[0]; image && this.#isFinished(image); image = this.#images[0]) {
      this.#images.shift()
      const { index, computed, sum } = image
      const probabilities = sum ? Float32Array.from(sum) : new Float32Array(this.#network.classes)
      yield { index, views: computed, probabilities }
    }
  }

  #isFinished({ seen, waiting }: Open): boolean {
    return seen === this.#viewsPerImage && waiting === 0
  }
}
