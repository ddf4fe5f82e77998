import type { Backend, Precision, Store } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { BadImage } from '../data/bad-image.js'
import type { Batch } from '../data/batch-run.js'
import type { CropName } from '../data/crops/protocol.js'
import { Loader } from '../data/loader.js'
import { type ViewPreprocessing, viewCount } from '../data/preprocessing.js'
import { averagesOf } from '../evaluation/checkpoint-averages.js'
import { CompiledNetwork } from '../evaluation/compiled-network.js'
import type { ModelSpec } from '../networks/model-spec.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { type CheckpointState, decodeState } from '../training/checkpoint-state.js'
import { decodeInput, type ImageInput, isFile, pathOf } from './image-input.js'
import { inTurn } from './in-turn.js'
import { type Decoded, viewBatches } from './view-batches.js'
import { type ImageResult, type Prediction, viewMeans } from './view-means.js'

/** What of an image is looked at: a crop protocol's views, or an image of the network's size as it is. */
export type Look = CropName | 'exact'

export interface ClassifierOptions {
  readonly backend: Backend
  readonly precision: Precision
  /** @default the checkpoint's own single crop */
  readonly look?: Look | undefined
  /** Whether kernels may be measured, which takes seconds the first time on a machine. @default true */
  readonly tune?: boolean | undefined
}

export interface PredictOptions {
  /** Aborting ends the work after the batch in hand; it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** One image's prediction, or the reason why it has none. Images are counted from 0 in the order they were given. */
export type Outcome =
  | { readonly index: number; readonly prediction: Prediction }
  | { readonly index: number; readonly reason: string }

/** Images at a time where there are many. More would be hardly faster, and later. */
export const manyAtOnce = 8
/** From so many files on, processes of their own read them: starting these takes as long as a few images. */
const worthProcesses = 16
/** Files whose names are in memory at a time. */
const inputsAtOnce = 4096
/** Images decoded ahead, on the system's threads. */
const decodedAhead = 4

/**
 * A checkpoint's network, ready to predict. It is compiled once for single images and once for many, when first needed.
 * Calls may overlap. Dispose it to give its memory back; that waits for calls under way.
 */
export class Classifier implements Disposable {
  readonly state: CheckpointState
  readonly preprocessing: ViewPreprocessing
  readonly backend: Backend
  readonly precision: Precision
  readonly #store: Store
  readonly #tune: boolean
  readonly #networks = new Map<number, CompiledNetwork>()
  #calls = 0
  #disposed = false

  /** The checkpoint can be closed afterwards. Errors: UserError when it lacks tensors. */
  constructor(checkpoint: Checkpoint, { backend, precision, look, tune = true }: ClassifierOptions) {
    this.state = decodeState(checkpoint)
    expectWholeClasses(checkpoint.file, this.state)
    this.preprocessing = preprocessingOf(this.state, look)
    this.backend = backend
    this.precision = precision
    this.#tune = tune
    this.#store = averagesOf(checkpoint, backend)
  }

  /** Whether it tells classes apart; the others give an embedding, which is their features. */
  get hasClasses(): boolean {
    return this.state.classNames.length > 0
  }

  get model(): ModelSpec {
    return this.state.model
  }

  /** The variables, for other programs over them: these must be disposed before. */
  get store(): Store {
    return this.#store
  }

  /**
   * Predicts images one after the other, in their order, with as little delay as there can be: each is given as soon as
   * it is computed, or where `many`, with those that it is computed together with. Errors: UserError for an input that is
   * neither a file nor an image, and where the network gives no numbers.
   */
  async *predict(
    inputs: AsyncIterable<ImageInput> | Iterable<ImageInput>,
    { signal, many = false }: PredictOptions & { readonly many?: boolean } = {},
  ): AsyncGenerator<Outcome, void, undefined> {
    const reasons = new Map<number, string>()
    const decoded = inTurn(inputs, decodedAhead, async (input, index): Promise<Decoded> => {
      signal?.throwIfAborted()
      return { index, image: await decodeInput(input).catch(expectBadImage) }
    })
    const batch = many ? manyAtOnce : 1
    const batches = viewBatches(decoded, this.preprocessing, batch, (index, reason) => reasons.set(index, reason))
    const reasonOf = (index: number) => {
      const reason = reasons.get(index)!
      // A stream of images may have no end.
      reasons.delete(index)
      return reason
    }
    yield* this.#outcomes(batches, batch, { signal, reasonOf })
  }

  /**
   * Predicts any number of images in their order, files by their paths in processes of their own where there are many.
   * Looks ahead by thousands of inputs, so these are best names.
   */
  async *predictAll(
    inputs: AsyncIterable<ImageInput> | Iterable<ImageInput>,
    { signal }: PredictOptions = {},
  ): AsyncGenerator<Outcome, void, undefined> {
    let before = 0
    for await (const chunk of chunksOf(inputs, inputsAtOnce)) {
      const many = chunk.length >= worthProcesses
      const outcomes =
        many && chunk.every(isFile)
          ? this.#predictLoaded(chunk.map(pathOf), signal)
          : this.predict(chunk, { signal, many })
      for await (const outcome of outcomes) yield { ...outcome, index: before + outcome.index }
      before += chunk.length
    }
  }

  async *#predictLoaded(files: readonly string[], signal?: AbortSignal): AsyncGenerator<Outcome, void, undefined> {
    const items = files.map(path => ({ path, label: 0 }))
    await using loader = new Loader(
      { root: 'the images', classes: [], items },
      {
        ...{ batch: manyAtOnce, preprocessing: this.preprocessing, seed: 0 },
        ...{ badImages: 'skip', partial: true, cacheBytes: 0 },
        ...(signal && { signal }),
      },
    )
    const reasons = new Map<string, string>()
    const reasonOf = (index: number) => {
      const file = files[index]!
      if (!reasons.has(file)) for (const { path, reason } of loader.bad) reasons.set(path, reason)
      return reasons.get(file)!
    }
    yield* this.#outcomes(loader.pass(), manyAtOnce, { signal, reasonOf })
  }

  async *#outcomes(
    batches: AsyncIterable<Batch>,
    batch: number,
    { signal, reasonOf }: PredictOptions & { readonly reasonOf: (index: number) => string },
  ): AsyncGenerator<Outcome, void, undefined> {
    signal?.throwIfAborted()
    if (this.#disposed) throw new UserError('the classifier has been disposed: open the checkpoint again')
    this.#calls++
    try {
      const views = viewCount(this.preprocessing)
      for await (const result of viewMeans(batches, () => this.#network(batch), views, signal)) {
        if (result.prediction) this.#expectNumbers(result.prediction)
        yield outcomeOf(result, reasonOf)
      }
    } finally {
      this.#calls--
      this.#release()
    }
  }

  /** Errors: UserError where the network has run away, whose best class would be the first one. */
  #expectNumbers({ logits, features }: Prediction): void {
    if (logits.every(Number.isFinite) && features.every(Number.isFinite)) return
    const remedy = this.precision === 'f32' ? 'use another checkpoint' : 'compute in f32, or use another checkpoint'
    throw new UserError(`what this ${this.model.network} computes of an image are no numbers: ${remedy}`)
  }

  #network(batch: number): CompiledNetwork {
    const known = this.#networks.get(batch)
    if (known) return known
    const { model, precision, backend } = this
    const made = new CompiledNetwork({
      ...{ model, precision, backend, batch, store: this.#store, averages: false, features: true },
      ...{ extent: { width: model.size, height: model.size }, tune: this.#tune },
    })
    this.#networks.set(batch, made)
    return made
  }

  #release(): void {
    if (!this.#disposed || this.#calls > 0) return
    for (const network of this.#networks.values()) network[Symbol.dispose]()
    this.#networks.clear()
    this.#store[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#release()
  }
}

function expectWholeClasses(file: string, { classNames, model }: CheckpointState): void {
  if (classNames.length > 0 && classNames.length !== model.classes)
    throw new UserError(
      `checkpoint ${file} lists ${classNames.length} classes, and its network has ${model.classes}; use another checkpoint`,
    )
}

function preprocessingOf({ model, crop = 'slim', centralFraction }: CheckpointState, look?: Look): ViewPreprocessing {
  const { size } = model
  if (look === 'exact') return { kind: 'exact', size }
  return { kind: 'views', crops: look ?? crop, size, fraction: centralFraction }
}

const outcomeOf = ({ index, prediction }: ImageResult, reasonOf: (index: number) => string): Outcome =>
  prediction ? { index, prediction } : { index, reason: reasonOf(index) }

function expectBadImage(error: unknown): BadImage {
  if (error instanceof BadImage) return error
  throw error
}

async function* chunksOf<T>(things: AsyncIterable<T> | Iterable<T>, most: number): AsyncGenerator<T[]> {
  let chunk: T[] = []
  for await (const thing of things) {
    chunk.push(thing)
    if (chunk.length < most) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
