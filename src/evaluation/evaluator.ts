import type { Backend, Precision, Store } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { BadImage } from '../data/bad-image.js'
import type { ImageSet } from '../data/class-folder.js'
import { decodeImage } from '../data/decode.js'
import type { CacheMemory } from '../data/image-cache.js'
import type { ImagePlace } from '../data/image-place.js'
import { type BadImageNote, badImageError, Loader } from '../data/loader.js'
import { readPlace } from '../data/place-reader.js'
import { type ModelSpec, networkOf } from '../networks/model-spec.js'
import { Replicas } from '../training/replicas/replicas.js'
import { Collection } from './collection.js'
import { CompiledNetwork, declareNetwork } from './compiled-network.js'
import { type Crops, describeCrops, sidesOf, singleCrop } from './crops.js'
import { EarlierPredictions } from './earlier-predictions.js'
import { gatherPredictions } from './gathering.js'
import { type KeptPrediction, KeptPredictions } from './kept-predictions.js'
import type { EvaluationProgress } from './pace.js'
import { type Part, type Plan, planDense, planViews } from './plan.js'
import { predictionKey } from './prediction-key.js'
import { ownProgressFile, progressFilesOf } from './progress-file.js'
import { type Predictions, type Scores, scoresOf } from './scores.js'
import { shareOf } from './share.js'
import { Sitting, type Station } from './sitting.js'

export interface EvaluatorOptions {
  readonly model: ModelSpec
  readonly backend: Backend
  readonly precision: Precision
  readonly store: Store
  readonly images: ImageSet
  readonly badImages: 'error' | 'skip'
  /** What of each image is looked at. @default TF-Slim's single crop */
  readonly crops?: Crops | undefined
  /** Views at a time; of larger inputs fewer, by their area. @default 32 */
  readonly batch?: number | undefined
  readonly cache?: CacheMemory | undefined
  /** Use the running averages in the store rather than the variables themselves. @default true */
  readonly averages?: boolean
  /** The share of each side that a single crop keeps. @default the network's */
  readonly fraction?: number | undefined
  /** For each class of the images, its place among the network's classes. @default the same place */
  readonly classOrder?: readonly number[] | undefined
  /** Whether the store is disposed with the evaluator. @default false */
  readonly ownsStore?: boolean
  /** The processes that evaluate together, each of which does the same. @default this one by itself */
  readonly replicas?: Replicas | undefined
}

export interface EvaluationOptions {
  /**
   * A file to keep what has been predicted in. With it the same evaluation, interrupted or killed, goes on where it was
   * and ends with the same bits. Of several replicas each has a file of its own beside it (`ownProgressFile`); whatever
   * their number is then, they go on with what all of them have kept.
   */
  readonly keep?: string | undefined
  /**
   * Aborting ends the run after the batch in hand; it throws the signal's reason. Of several replicas any can be asked, and
   * all end alike.
   */
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((progress: EvaluationProgress) => void) | undefined
}

export interface Evaluation extends Omit<Scores, 'wrong'> {
  /** What of each image was looked at, in words. */
  readonly crops: string
  /** Views computed, in sittings before too; those that repeat others are not. */
  readonly views: number
  /** Of this sitting. */
  readonly seconds: number
  /** Of this sitting. */
  readonly imagesPerSecond: number
  readonly bad: readonly BadImageNote[]
  readonly predictions: Predictions
}

/**
 * Evaluates a network whose variables are in a store, on one or many views of each image, any number of times. Its
 * memory does not depend on how many images or views there are, but for the predictions themselves.
 */
export class Evaluator implements AsyncDisposable {
  readonly #options: EvaluatorOptions
  readonly #crops: string
  readonly #batch: number
  readonly #averages: boolean
  /** The store's names of the network's variables. */
  readonly #variables: readonly string[]
  readonly #plan: (signal: AbortSignal | undefined) => Plan | Promise<Plan>
  readonly #replicas: Replicas
  /** Where all images are predicted by one program, which is compiled once. */
  readonly #only: Station | undefined

  /** Errors: UserError where an option is out of range or images are too small for the network. */
  constructor(options: EvaluatorOptions) {
    const { model, images, crops = singleCrop, batch = 32, averages = true, replicas = new Replicas() } = options
    const { size } = model
    const fraction = options.fraction ?? networkOf(model).preprocessing.centralFraction
    this.#options = options
    this.#crops = describeCrops(crops, size, fraction)
    this.#batch = batch
    this.#averages = averages
    this.#replicas = replicas
    const sides = crops.kind === 'dense' ? sidesOf(crops, size) : [size]
    const least = Math.min(...sides)
    this.#variables = declareNetwork({ ...options, averages, extent: { width: least, height: least } })
    if (crops.kind === 'dense')
      this.#plan = signal => planDense(images, sides, { size, batch, signal, progress: replicas.goOn })
    else {
      const plan = planViews(images, { kind: 'views', crops: crops.name, size, fraction }, batch)
      this.#plan = () => plan
      const [own] = shareOf(plan, replicas).parts
      this.#only = replicas.inTurn(() => (own!.images.length > 0 ? this.#open(own!, true) : undefined))
    }
  }

  /** @param lasting whether it is for more than one pass */
  #open({ images, preprocessing, extent, batch }: Part, lasting: boolean): Station {
    const { images: set, badImages, cache } = this.#options
    const isWhole = images.length === set.items.length
    const items = isWhole ? set.items : images.map(image => set.items[image]!)
    const { communicator } = this.#replicas
    const own = { averages: this.#averages, extent, batch, tune: lasting, communicator }
    const network = new CompiledNetwork({ ...this.#options, ...own })
    try {
      const loader = new Loader(
        { ...set, items },
        {
          batch,
          preprocessing,
          seed: 0,
          badImages,
          partial: true,
          ...(isWhole ? cache && { cache } : { cacheBytes: lasting ? this.#shareOfCache() : 0 }),
        },
      )
      const dispose = async () => {
        network[Symbol.dispose]()
        await loader.close()
      }
      return { network, loader, [Symbol.asyncDispose]: dispose }
    } catch (error) {
      network[Symbol.dispose]()
      throw error
    }
  }

  #shareOfCache(): number {
    return Math.floor((this.#options.cache?.pixels.buffer.byteLength ?? 0) / this.#replicas.size)
  }

  /**
   * Predicts every image of the set once; of several replicas each predicts its share, and gets the whole. Errors:
   * UserError where an image is bad and bad images are errors, all of them are bad, or the file to keep predictions in
   * cannot be used.
   */
  async run({ keep, signal, progress = () => {} }: EvaluationOptions = {}): Promise<Evaluation> {
    // Where one is asked to stop or has failed, all leave their work for its message, those that are through included.
    const pass = () => {
      if (signal?.aborted) throw this.#replicas.fail(signal.reason)
      this.#replicas.goOn()
    }
    pass()
    const { images, model, badImages } = this.#options
    const plan = await this.#plan(signal)
    const [unreadable] = plan.unreadable
    if (badImages === 'error' && unreadable) throw badImageError(images.items[unreadable[0]]!.path, unreadable[1])
    const replicas = this.#replicas
    const share = shareOf(plan, replicas)
    const predicted: KeptPrediction[] = []
    const remember = (one: KeptPrediction) => predicted.push({ ...one, probabilities: one.probabilities.slice() })
    const own = new Collection(share, images, model.classes, replicas.size > 1 ? remember : undefined)
    // Where bad images are errors, one that was left out before must be met again.
    using earlier = new EarlierPredictions(model.classes, ({ views }) => views > 0 || badImages === 'skip')
    using kept = keep === undefined ? undefined : this.#resume(keep, earlier)
    const sitting = new Sitting(share, own, { ...this.#options, keep: kept, earlier, progress, pass })
    for (const [number, part] of share.parts.entries()) {
      if (sitting.takeOver(number) === part.images.length) continue
      if (this.#only) await sitting.predict(number, this.#only)
      else {
        await using station = this.#open(part, false)
        await sitting.predict(number, station)
      }
    }
    const collection = replicas.size > 1 ? gatherPredictions(predicted, plan, images, model.classes, replicas) : own
    const reasons = new Map(replicas.gather([...sitting.reasons]).flat())
    const predictions = collection.predictions()
    const { top1Error, top5Error, loss, images: scored } = scoresOf(predictions)
    if (scored === 0) throw new UserError(`none of the images of ${images.root} can be decoded`)
    const { seconds, imagesPerSecond } = sitting
    const bad = await this.#notes(collection.bad, reasons)
    const { views } = collection
    return {
      ...{ top1Error, top5Error, loss, images: scored },
      ...{ crops: this.#crops, views, seconds, imagesPerSecond, bad, predictions },
    }
  }

  /** Finds what sittings before have predicted. Returns the file for what this one does. */
  #resume(file: string, earlier: EarlierPredictions): KeptPredictions {
    const { model, backend } = this.#options
    const key = predictionKey({
      ...{ ...this.#options, variables: this.#variables, crops: this.#crops, batch: this.#batch },
      backend: backend.title,
    })
    const own = ownProgressFile(file, this.#replicas)
    for (const other of progressFilesOf(file)) if (other !== own) earlier.read(other, key)
    return new KeptPredictions(own, key, model.classes, (one, at) => earlier.add(one, { file: own, at }))
  }

  /** The bad images in the set's order; why one is bad that a sitting before has met is found out anew. */
  async #notes(bad: ReadonlySet<number>, reasons: ReadonlyMap<string, string>): Promise<BadImageNote[]> {
    const notes: BadImageNote[] = []
    for (const image of [...bad].sort((a, b) => a - b)) {
      const item = this.#options.images.items[image]!
      notes.push({ path: item.path, reason: reasons.get(item.path) ?? (await faultOf(item)) })
    }
    return notes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#only?.[Symbol.asyncDispose]()
    if (this.#options.ownsStore) this.#options.store[Symbol.dispose]()
  }
}

async function faultOf(image: ImagePlace): Promise<string> {
  try {
    await decodeImage(await readPlace(image))
  } catch (error) {
    if (error instanceof BadImage) return error.message
    throw error
  }
  return 'it could not be decoded when it was its turn'
}
