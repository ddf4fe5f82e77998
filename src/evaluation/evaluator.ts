import { performance } from 'node:perf_hooks'
import type { Backend, Precision, Program, Store } from '../backends/backend.js'
import type { ImageSet } from '../data/class-folder.js'
import type { CacheMemory } from '../data/image-cache.js'
import { type BadImageNote, Loader } from '../data/loader.js'
import type { Value } from '../graph/op.js'
import { optimiseInference } from '../graph/passes/passes.js'
import { feedImages } from '../networks/feed.js'
import { type ModelSpec, modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import { averageName } from '../optim/average.js'
import { type Predictions, type Scores, scoresOf, softmaxInto } from './scores.js'

export interface EvaluatorOptions {
  readonly model: ModelSpec
  readonly backend: Backend
  readonly precision: Precision
  readonly store: Store
  readonly images: ImageSet
  readonly badImages: 'error' | 'skip'
  /** Images at a time. @default 32 */
  readonly batch?: number
  readonly cache?: CacheMemory | undefined
  /** Use the running averages in the store rather than the variables themselves. @default true */
  readonly averages?: boolean
  /** The share of each side that the central crop keeps. @default the network's */
  readonly centralFraction?: number
}

export interface Evaluation extends Omit<Scores, 'wrong'> {
  readonly seconds: number
  readonly bad: readonly BadImageNote[]
  readonly predictions: Predictions
}

/** Single-crop evaluation of a network whose variables are in a store. Compiles once, runs any number of times. */
export class Evaluator implements AsyncDisposable {
  readonly #options: EvaluatorOptions
  readonly #program: Program
  readonly #logits: Value
  readonly #loader: Loader

  constructor(options: EvaluatorOptions) {
    const { model, backend, precision, store, averages = true, batch = 32 } = options
    const network = networkOf(model)
    const built = buildModel(network, { ...modelOptions(model), mode: 'eval', batch, precision })
    this.#logits = optimiseInference(built.graph, built.logits, backend.passes)
    this.#options = options
    this.#program = backend.compile(built.graph, {
      outputs: [this.#logits],
      store,
      ...(averages && { bind: averageName }),
    })
    const centralFraction = options.centralFraction ?? network.preprocessing.centralFraction
    this.#loader = new Loader(options.images, {
      batch,
      preprocessing: { kind: 'views', crops: 'slim', size: model.size, fraction: centralFraction },
      seed: 0,
      badImages: options.badImages,
      ...(options.cache && { cache: options.cache }),
    })
  }

  /** Predicts every image of the set once, in its order. `progress` hears how many are done. */
  async run(progress: (done: number) => void = () => {}): Promise<Evaluation> {
    const { model, images } = this.#options
    const { preprocessing } = networkOf(model)
    const begin = performance.now()
    const count = images.items.length
    const labels = new Int32Array(count)
    const probabilities = new Float32Array(count * model.classes)
    let done = 0
    for await (const batch of this.#loader.pass()) {
      feedImages(batch.images, preprocessing, this.#program.input('images') as Float32Array)
      this.#program.run()
      softmaxInto(this.#program.read(this.#logits), batch.count, model.classes, probabilities, done)
      for (let i = 0; i < batch.count; i++) {
        labels[done + i] = batch.labels[i]!
        if (batch.labels[i]! < 0) probabilities.fill(0, (done + i) * model.classes, (done + i + 1) * model.classes)
      }
      done += batch.count
      progress(done)
      await new Promise(setImmediate)
    }
    const predictions = { probabilities, labels, classes: model.classes }
    const { top1Error, top5Error, loss, images: scored } = scoresOf(predictions)
    const seconds = (performance.now() - begin) / 1000
    return { top1Error, top5Error, loss, images: scored, seconds, bad: this.#loader.bad, predictions }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loader.close()
  }
}
