import type { ImageSet } from '../data/class-folder.js'
import type { Loader } from '../data/loader.js'
import { viewCount } from '../data/preprocessing.js'
import type { Collection } from './collection.js'
import type { CompiledNetwork } from './compiled-network.js'
import type { EarlierPredictions } from './earlier-predictions.js'
import type { KeptPredictions } from './kept-predictions.js'
import { type EvaluationProgress, Pace } from './pace.js'
import type { Part, Plan } from './plan.js'
import { type ImagePrediction, ViewAverager } from './view-averager.js'

/** A network and the images of one part of an evaluation for it. */
export interface Station extends AsyncDisposable {
  readonly network: CompiledNetwork
  readonly loader: Loader
}

interface Options {
  readonly images: ImageSet
  readonly classOrder?: readonly number[] | undefined
  readonly keep: KeptPredictions | undefined
  /** What is not to be predicted again. */
  readonly earlier: EarlierPredictions
  /** Called after each batch; where it throws, the work is left. */
  readonly pass: () => void
  readonly progress: (progress: EvaluationProgress) => void
}

/** The work of one call: what has not been predicted before. */
export class Sitting {
  /** Why images are bad, by their paths. */
  readonly reasons = new Map<string, string>()
  readonly #parts: readonly Part[]
  readonly #collection: Collection
  readonly #options: Options
  readonly #pace: Pace
  /** Images, as the collection counts them. */
  #takenOver: number
  #views = 0

  constructor({ parts, unreadable }: Plan, collection: Collection, options: Options) {
    this.#parts = parts
    this.#collection = collection
    this.#options = options
    this.#takenOver = collection.done
    for (const [image, reason] of unreadable) this.reasons.set(options.images.items[image]!.path, reason)
    const left = parts.map(
      (part, i) => workOf(part) * part.images.filter(image => !options.earlier.has(i, image)).length,
    )
    this.#pace = new Pace(left.reduce((sum, work) => sum + work, 0))
  }

  get seconds(): number {
    return this.#pace.seconds
  }

  get imagesPerSecond(): number {
    return (this.#collection.done - this.#takenOver) / this.seconds
  }

  /** Takes what was predicted before and comes next. Returns the place of the first image that is to be predicted. */
  takeOver(number: number): number {
    const { images } = this.#parts[number]!
    const before = this.#collection.done
    let at = this.#collection.doneOf(number).images
    for (; at < images.length; at++) {
      const one = this.#options.earlier.find(number, images[at]!)
      if (one === undefined) break
      if (!this.#collection.take(one)) throw new Error(`image ${one.image} of part ${number} was kept out of turn`)
    }
    this.#takenOver += this.#collection.done - before
    return at
  }

  /** Predicts what is left of a part. Throws as `pass` does, with all that was finished collected. */
  async predict(number: number, station: Station): Promise<void> {
    const { images } = this.#parts[number]!
    for (let from = this.takeOver(number); from < images.length; from = this.takeOver(number)) {
      const next = images.findIndex((image, at) => at > from && this.#options.earlier.has(number, image))
      await this.#predict(number, station, from, next < 0 ? images.length : next)
    }
  }

  async #predict(number: number, { network, loader }: Station, from: number, to: number): Promise<void> {
    const part = this.#parts[number]!
    const averager = new ViewAverager(network, loader.views, this.#collection.doneOf(number).views)
    const tell = (samples: number) => {
      this.#pace.advance((workOf(part) / loader.views) * samples)
      this.#report(averager.computed)
    }
    for await (const batch of loader.pass(from, to)) {
      this.#collect(number, averager.take(batch))
      tell(batch.count)
      await new Promise(setImmediate)
      this.#options.pass()
    }
    this.#collect(number, averager.end())
    tell(0)
    this.#views += averager.computed
    for (const { path, reason } of loader.bad) this.reasons.set(path, reason)
  }

  #collect(number: number, predictions: Iterable<ImagePrediction>): void {
    const { classOrder, keep } = this.#options
    for (const { index, views, probabilities } of predictions) {
      const image = this.#parts[number]!.images[index]!
      const one = { image, part: number, views, probabilities: inOrder(probabilities, classOrder) }
      if (!this.#collection.take(one)) throw new Error(`image ${image} of part ${number} was predicted out of turn`)
      keep?.append(one)
    }
  }

  #report(viewsOfPart: number): void {
    this.#options.progress({
      done: this.#collection.done,
      total: this.#options.images.items.length,
      viewsPerSecond: (this.#views + viewsOfPart) / this.seconds,
      imagesPerSecond: this.imagesPerSecond,
      secondsLeft: this.#pace.secondsLeft,
    })
  }
}

/** What predicting one image of a part takes, in pixels. */
const workOf = ({ preprocessing, extent }: Part): number => viewCount(preprocessing) * extent.width * extent.height

/** The probabilities of the images' classes, from those of the network's. */
const inOrder = (probabilities: Float32Array, order: readonly number[] | undefined): Float32Array =>
  order === undefined ? probabilities : Float32Array.from(order, place => probabilities[place]!)
