import type * as Runtime from 'onnxruntime-web/wasm'
import type { RgbImage } from '../../../data/decode.js'
import { ImageViews } from '../../../data/image-views.js'
import { toPixelValues } from '../../normalisation.js'
import { descriptionFile, type ModelDescription, runtimeModule } from '../description.js'
import { downloadAll, downloadJson } from './download.js'
import type { Classified } from './messages.js'

/** More threads than this no longer help a batch of one. */
const mostThreads = 8

/** The network in ONNX Runtime's WebAssembly, and the way from an image to its input, which is this program's own. */
export class Classifier {
  readonly description: ModelDescription
  readonly threads: number
  readonly #runtime: typeof Runtime
  readonly #session: Runtime.InferenceSession

  private constructor(
    description: ModelDescription,
    runtime: typeof Runtime,
    session: Runtime.InferenceSession,
    threads: number,
  ) {
    this.description = description
    this.threads = threads
    this.#runtime = runtime
    this.#session = session
  }

  /** Loads everything from the folder at `base`. Errors: in words for the page's reader. */
  static async load(base: string, onProgress: (loaded: number, total: number) => void): Promise<Classifier> {
    const description = await downloadJson<ModelDescription>(new URL(descriptionFile, base))
    const runtime: typeof Runtime = await import(new URL(runtimeModule, base).href)
    const [wasm, model] = await downloadAll(base, [description.runtime, description.model], onProgress)
    // Threads share memory, which browsers give only to pages that are isolated from others.
    const threads = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, mostThreads) : 1
    runtime.env.wasm.wasmBinary = wasm!.buffer
    runtime.env.wasm.numThreads = threads
    const session = await runtime.InferenceSession.create(model!, { executionProviders: ['wasm'] })
    return new Classifier(description, runtime, session, threads)
  }

  /** The most probable classes of an image. */
  async classify(image: RgbImage, top: number): Promise<Classified['labels']> {
    const { size } = this.description
    const input = new this.#runtime.Tensor('float32', this.#inputOf(image), [1, 3, size, size])
    const { logits } = await this.#session.run({ pixel_values: input })
    return this.#best(logits!.data as Float32Array, top)
  }

  /** [3, size, size], as the network wants it. */
  #inputOf(image: RgbImage): Float32Array {
    const { size, crop, fraction, normalisation } = this.description
    const pixels = new Float32Array(size * size * 3)
    new ImageViews(image, { kind: 'views', crops: crop, size, fraction }).write(0, pixels)
    const planes = new Float32Array(pixels.length)
    toPixelValues(pixels, normalisation, planes)
    return planes
  }

  #best(logits: Float32Array, top: number): Classified['labels'] {
    const largest = logits.reduce((most, logit) => Math.max(most, logit))
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0)
    return this.description.classes
      .map(({ label }, i) => ({ label, probability: Math.exp(logits[i]! - largest) / sum }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top)
  }
}
